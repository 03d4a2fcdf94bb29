# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: Apache-2.0
# Debian's Samba with a small configuration of its own, as a known good server: the tests are
# developed and checked against it.  Sourced by ../server; see there for the variables.
#
# Its defaults are made to be those of Holdfast: signing required, encryption when the client can.

server_install() { install_packages samba samba-common-bin samba-vfs-modules procps; }

dialect_name() {
  case $1 in
    2.0.2) echo SMB2_02 ;;
    2.1) echo SMB2_10 ;;
    3.0) echo SMB3_00 ;;
    3.0.2) echo SMB3_02 ;;
    3.1.1) echo SMB3_11 ;;
    *) die "unknown dialect $1" ;;
  esac
}

server_prepare() {
  local d=$HOME_DIR/samba signing read_only=no
  command -v smbd >/dev/null || die "no smbd: server install samba"
  case ${SIGNING:-required} in
    required) signing=mandatory ;;
    desired) signing=if_required ;;
    off) signing=disabled ;;
  esac
  [ -n "$READ_ONLY" ] && read_only=yes
  mkdir -p "$d"/{private,lock,state,cache,pid,ncalrpc,bind}
  chmod 700 "$d/private"
  # No Unix account is added to the machine: all users are mapped to root.
  echo "root = ${USER_NAMES[*]}" >"$d/users"
  cat >"$d/smb.conf" <<C
[global]
	netbios name = HFLAB
	server role = standalone server
	disable netbios = yes
	smb ports = 445
	interfaces = $ADDRESS
	bind interfaces only = yes
	server min protocol = $(dialect_name "${MIN_DIALECT:-2.0.2}")
	server signing = $signing
	server smb encrypt = ${ENCRYPT:-desired}
	map to guest = Never
	passdb backend = tdbsam
	username map = $d/users
	private dir = $d/private
	pid directory = $d/pid
	lock directory = $d/lock
	state directory = $d/state
	cache directory = $d/cache
	ncalrpc dir = $d/ncalrpc
	binddns dir = $d/bind
	log file = $d/log.smbd
	logging = file
	printing = bsd
	printcap name = /dev/null
	load printers = no
	disable spoolss = yes
	registry shares = no
	mangled names = no
	# Answers reads and writes at once, which the JavaScript client needs.
	aio read size = 0
	aio write size = 0
	store dos attributes = yes
	map archive = no
	# Names that Windows does not allow: as macOS and Linux clients expect them.
	vfs objects = catia
	catia:mappings = 0x22:0xf020,0x2a:0xf021,0x3a:0xf022,0x3c:0xf023,0x3e:0xf024,0x3f:0xf025,0x5c:0xf026,0x7c:0xf027
[$SHARE]
	path = $DIR
	read only = $read_only
C
  local password
  password=$(cat "$PASSWORD_FILE")
  printf '%s\n%s\n' "$password" "$password" | smbpasswd -c "$d/smb.conf" -s -a root >"$d/smbpasswd.log" 2>&1 ||
    die "smbpasswd: $(cat "$d/smbpasswd.log")"
}

server_command() { COMMAND=(smbd -F --no-process-group -s "$HOME_DIR/samba/smb.conf" -l "$HOME_DIR/samba"); }

# Samba's RPC helpers make a session of their own; this server's configuration file names them.
server_helpers() { pgrep -f -- "--configfile=${HOME_DIR//./\\.}/samba/smb\\.conf"; }
