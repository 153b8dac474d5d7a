import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { pino } from 'pino'
import { dropRoot, userIds } from '../../src/server/drop-root.ts'
import { recordingLogger } from '../support/recording-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const SILENT = pino({ level: 'silent' })

/** What a process was told, in order. */
function processOf(euid: number) {
  const told: unknown[] = []
  const subject = {
    geteuid: () => euid,
    setgroups: (groups: readonly (string | number)[]) => void told.push(['groups', ...groups]),
    setgid: (gid: string | number) => void told.push(['gid', gid]),
    setuid: (uid: string | number) => void told.push(['uid', uid]),
  }
  return { told, subject }
}

test('root is given up with its groups, the user last', (t) => {
  const { told, subject } = processOf(0)
  dropRoot('1234', SILENT, subject)
  t.deepEqual(told, [['groups'], ['gid', 1234], ['uid', 1234]])
})

test('who is not root stays who it is', (t) => {
  const { told, subject } = processOf(1000)
  dropRoot('1234', SILENT, subject)
  t.deepEqual(told, [])
})

test('who asks for root keeps it, and is told', (t) => {
  for (const user of ['root', '0']) {
    const { told, subject } = processOf(0)
    const { logger, lines } = recordingLogger()
    dropRoot(user, logger, subject)
    t.deepEqual(told, [])
    t.regex(JSON.stringify(lines), /goes on as root/)
  }
})

test('a user is known by its number or its name', (t) => {
  const passwd = join(temporaryFolder(t), 'passwd')
  writeFileSync(passwd, 'root:x:0:0:root:/root:/bin/sh\nbell:x:17:18::/:/bin/false\nbroken:x:a:b\n')
  t.deepEqual(userIds('bell', passwd), { uid: 17, gid: 18 })
  t.deepEqual(userIds('4294967294', passwd), { uid: 4294967294, gid: 4294967294 })
  t.deepEqual(userIds('nobody', passwd), { uid: 65534, gid: 65534 })
  t.deepEqual(userIds('nobody', join(passwd, 'nowhere')), { uid: 65534, gid: 65534 })
  for (const user of ['broken', 'bel', '', '4294967295', '-1', 'bell:x']) {
    t.throws(() => userIds(user, passwd), { code: 'ERR_CARILLON_ARGUMENT' })
  }
})
