// SPDX-License-Identifier: Apache-2.0
// lun PORTAL TARGET INITIATOR FILE [WAIT_MS]: shows LUN 1 of an iSCSI target as one file, for a loop device, on machines
// whose kernel has no SCSI. FILE exists; it is covered by a FUSE mount of one file. Runs until that is unmounted.
//
// It takes the LUN for itself by a persistent reservation (SPC-4 5.14; type 5, write exclusive - registrants only) under a
// key that no attachment had before, so that what an earlier one left behind is a stranger's. Who holds it already gets
// WAIT_MS (default 1000) to give it up, then it is taken from him (PREEMPT), and his writes are refused from then on.
// Registration belongs to the session, so the process that writes is the one that reserves.
//
// Commands go one at a time. A session that is lost stays lost: every later command is EIO, and the file system above it
// stops. A write that another's reservation refuses is EROFS.
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fuse3/fuse.h>
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum { kLun = 1, kPieceBytes = 256 * 1024, kPollMs = 50, kTimeoutS = 10 };
static const enum scsi_persistent_out_type kType = SCSI_PERSISTENT_RESERVE_TYPE_WRITE_EXCLUSIVE_REGISTRANTS_ONLY;

static struct iscsi_context* session;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static uint64_t blocks, block_bytes, key;

// Something to send, and what to do with the good answer.
typedef struct scsi_task* (*Command)(void* with);
typedef void (*Take)(struct scsi_task* answer, void* with);

static int error_of(const struct scsi_task* task) {
  if (task == NULL) return EIO;
  if (task->status == SCSI_STATUS_GOOD) return 0;
  if (task->status == SCSI_STATUS_RESERVATION_CONFLICT) return EROFS;
  if (task->status == SCSI_STATUS_CHECK_CONDITION && task->sense.key == SCSI_SENSE_UNIT_ATTENTION) return EAGAIN;
  return EIO;
}

// 0 or an errno. A unit attention (something happened to the LUN, SAM-5 5.14) is no answer: the command goes again.
static int perform(const char* what, Command command, Take take, void* with) {
  int error;
  do {
    pthread_mutex_lock(&turn);
    struct scsi_task* task = command(with);
    error = error_of(task);
    if (error == 0 && take != NULL) take(task, with);
    if (error != 0 && error != EAGAIN) fprintf(stderr, "%s: %s (%s)\n", what, strerror(error), iscsi_get_error(session));
    if (task != NULL) scsi_free_scsi_task(task);
    pthread_mutex_unlock(&turn);
  } while (error == EAGAIN);
  return error;
}

// ---------------------------------------------------------------- reservation

struct Reserve {
  int action;
  uint64_t mine, other;
};

static struct scsi_task* send_reserve(void* with) {
  const struct Reserve* r = with;
  struct scsi_persistent_reserve_out_basic parameters = {.reservation_key = r->mine,
                                                         .service_action_reservation_key = r->other};
  return iscsi_persistent_reserve_out_sync(session, kLun, r->action, 0, kType, &parameters);
}

static int reserve(const char* what, int action, uint64_t mine, uint64_t other) {
  struct Reserve r = {action, mine, other};
  return perform(what, send_reserve, NULL, &r);
}

static struct scsi_task* ask_holder(void* with) {
  (void)with;
  return iscsi_persistent_reserve_in_sync(session, kLun, SCSI_PERSISTENT_RESERVE_READ_RESERVATION, 512);
}

static void take_holder(struct scsi_task* answer, void* with) {
  const struct scsi_persistent_reserve_in_read_reservation* r = scsi_datain_unmarshall(answer);
  *(uint64_t*)with = r != NULL && r->reserved ? r->reservation_key : 0;
}

// Registers, waits for the holder to leave, takes the LUN over.
static int take_lun(int wait_ms) {
  uint64_t holder = 0;
  int error = reserve("register", SCSI_PERSISTENT_RESERVE_REGISTER_AND_IGNORE_EXISTING_KEY, 0, key);
  while (error == 0) {
    error = perform("who holds it", ask_holder, take_holder, &holder);
    if (error != 0) return error;
    if (holder == 0) return reserve("reserve", SCSI_PERSISTENT_RESERVE_RESERVE, key, 0);
    if (wait_ms <= 0) break;
    const struct timespec pause = {0, kPollMs * 1000000L};
    nanosleep(&pause, NULL);
    wait_ms -= kPollMs;
  }
  if (error != 0) return error;
  fprintf(stderr, "held by %016llx, which is preempted\n", (unsigned long long)holder);
  return reserve("preempt", SCSI_PERSISTENT_RESERVE_PREEMPT, key, holder);
}

// ---------------------------------------------------------------- the file

struct Transfer {
  uint64_t block;
  uint32_t bytes;
  char* in;
  const char* out;
  uint32_t got;
};

static struct scsi_task* send_read(void* with) {
  const struct Transfer* t = with;
  return iscsi_read16_sync(session, kLun, t->block, t->bytes, block_bytes, 0, 0, 0, 0, 0);
}
static void take_read(struct scsi_task* answer, void* with) {
  struct Transfer* t = with;
  t->got = (uint32_t)answer->datain.size < t->bytes ? (uint32_t)answer->datain.size : t->bytes;
  memcpy(t->in, answer->datain.data, t->got);
}
static struct scsi_task* send_write(void* with) {
  const struct Transfer* t = with;
  return iscsi_write16_sync(session, kLun, t->block, (unsigned char*)t->out, t->bytes, block_bytes, 0, 0, 0, 0, 0);
}
static struct scsi_task* send_flush(void* with) {
  (void)with;
  return iscsi_synchronizecache16_sync(session, kLun, 0, 0, 0, 0);
}

static int move(char* in, const char* out, size_t size, off_t offset) {
  if (offset % block_bytes != 0 || size % block_bytes != 0) return -EINVAL;
  if (offset + size > blocks * block_bytes) return out != NULL ? -ENOSPC : 0;
  for (size_t done = 0; done < size;) {
    struct Transfer t = {.block = (offset + done) / block_bytes,
                         .bytes = size - done < kPieceBytes ? size - done : kPieceBytes};
    if (out != NULL) t.out = out + done;
    if (in != NULL) t.in = in + done;
    const int error = out != NULL ? perform("write", send_write, NULL, &t) : perform("read", send_read, take_read, &t);
    if (error != 0) return -error;
    if (out == NULL && t.got != t.bytes) return -EIO;
    done += t.bytes;
  }
  return (int)size;
}

static int on_getattr(const char* path, struct stat* about, struct fuse_file_info* file) {
  (void)path, (void)file;
  memset(about, 0, sizeof *about);
  about->st_mode = S_IFREG | 0600;
  about->st_nlink = 1;
  about->st_size = (off_t)(blocks * block_bytes);
  return 0;
}
static int on_open(const char* path, struct fuse_file_info* file) {
  (void)path;
  file->direct_io = 1;  // no second cache, and no write that comes later
  return 0;
}
static int on_read(const char* path, char* data, size_t size, off_t offset, struct fuse_file_info* file) {
  (void)path, (void)file;
  return move(data, NULL, size, offset);
}
static int on_write(const char* path, const char* data, size_t size, off_t offset, struct fuse_file_info* file) {
  (void)path, (void)file;
  return move(NULL, data, size, offset);
}
static int on_fsync(const char* path, int data_only, struct fuse_file_info* file) {
  (void)path, (void)data_only, (void)file;
  return -perform("flush", send_flush, NULL, NULL);
}
static void* on_init(struct fuse_conn_info* connection, struct fuse_config* config) {
  connection->max_write = 1 << 20;
  config->kernel_cache = config->auto_cache = 0;
  return NULL;
}
static const struct fuse_operations operations = {.getattr = on_getattr,
                                                  .open = on_open,
                                                  .read = on_read,
                                                  .write = on_write,
                                                  .fsync = on_fsync,
                                                  .init = on_init};

static struct scsi_task* ask_size(void* with) {
  (void)with;
  return iscsi_readcapacity16_sync(session, kLun);
}
static void take_size(struct scsi_task* answer, void* with) {
  (void)with;
  const struct scsi_readcapacity16* size = scsi_datain_unmarshall(answer);
  if (size == NULL) return;
  blocks = size->returned_lba + 1;
  block_bytes = size->block_length;
}

static int log_in(const char* portal, const char* target, const char* initiator) {
  session = iscsi_create_context(initiator);
  if (session == NULL) return ENOMEM;
  iscsi_set_targetname(session, target);
  iscsi_set_session_type(session, ISCSI_SESSION_NORMAL);
  iscsi_set_header_digest(session, ISCSI_HEADER_DIGEST_NONE_CRC32C);
  iscsi_set_timeout(session, kTimeoutS);
  iscsi_set_noautoreconnect(session, 1);
  if (iscsi_full_connect_sync(session, portal, kLun) != 0) {
    fprintf(stderr, "log-in at %s: %s\n", portal, iscsi_get_error(session));
    return EIO;
  }
  const int error = perform("capacity", ask_size, take_size, NULL);
  return error != 0 || block_bytes != 0 ? error : EIO;
}

int main(int argc, char** argv) {
  if (argc < 5 || argc > 6) {
    fprintf(stderr, "usage: lun PORTAL TARGET INITIATOR FILE [WAIT_MS]\n");
    return 2;
  }
  setvbuf(stderr, NULL, _IONBF, 0);
  signal(SIGPIPE, SIG_IGN);
  if (getrandom(&key, sizeof key, 0) != sizeof key || log_in(argv[1], argv[2], argv[3]) != 0) return 1;
  if (take_lun(argc == 6 ? atoi(argv[5]) : 1000) != 0) return 1;
  fprintf(stderr, "attached: %llu blocks of %llu octets\n", (unsigned long long)blocks, (unsigned long long)block_bytes);
  char* fuse_argv[] = {argv[0], "-f", "-o", "default_permissions,fsname=lun", argv[4], NULL};
  const int status = fuse_main(5, fuse_argv, &operations, NULL);
  reserve("unregister", SCSI_PERSISTENT_RESERVE_REGISTER, key, 0);
  iscsi_logout_sync(session);
  return status;
}
