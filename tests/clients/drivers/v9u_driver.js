// SPDX-License-Identifier: Apache-2.0
// npm @tryjsky/v9u-smb2 as a client; see ../harness/driver.py for the lines it reads and writes.
const fs = require('fs')
const readline = require('readline')
const SMB2 = require('@tryjsky/v9u-smb2')

let smb
const call = (method, ...args) =>
  new Promise((resolve, reject) => smb[method](...args, (error, result) => (error ? reject(error) : resolve(result))))
const windows = path => path.replaceAll('/', '\\')
const message = error => {
  const status = error && error.header && error.header.status
  if (status !== undefined) return 'status 0x' + (Number(status) >>> 0).toString(16)
  return String((error && (error.message || error.code)) || error)
}

const steps = {
  async connect (session) {
    smb = new SMB2({
      share: `\\\\${session.host}\\${session.share}`,
      domain: 'WORKGROUP',
      username: session.user,
      password: session.password,
      autoCloseTimeout: 0
    })
  },
  mkdir: path => call('mkdir', windows(path)),
  put: (local, path) => call('writeFile', windows(path), fs.readFileSync(local)),
  // Some versions give names, some give objects.
  names: async path => (await call('readdir', windows(path))).map(entry => entry.filename || entry.name || entry),
  get: async (path, local) => fs.writeFileSync(local, await call('readFile', windows(path))),
  rename: (old, path) => call('rename', windows(old), windows(path)),
  delete: path => call('unlink', windows(path)),
  rmdir: path => call('rmdir', windows(path)),
  async close () { smb.disconnect && smb.disconnect() }
}

const reply = object => process.stdout.write(JSON.stringify(object) + '\n')
process.on('uncaughtException', error => reply({ error: message(error) }))
readline.createInterface({ input: process.stdin }).on('line', async line => {
  const [step, ...args] = JSON.parse(line)
  try {
    await steps[step](...args)
      .then(result => reply({ ok: Array.isArray(result) ? result : null }))
  } catch (error) {
    reply({ error: message(error) })
  }
  if (step === 'close') process.exit(0)
})
