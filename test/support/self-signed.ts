import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SelfSigned {
  readonly key: Buffer
  readonly cert: Buffer
}

/** A key, and a certificate for 127.0.0.1 that it signed itself, by the command `openssl`. */
export function selfSigned(): SelfSigned {
  const folder = mkdtempSync(join(tmpdir(), 'carillon-test-'))
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
    const subject = '-subj /CN=carillon-test -addext subjectAltName=IP:127.0.0.1'
    const words = `${request} ${subject}`.split(' ')
    execFileSync('openssl', [...words, '-keyout', key, '-out', cert], { stdio: 'pipe' })
    return { key: readFileSync(key), cert: readFileSync(cert) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
