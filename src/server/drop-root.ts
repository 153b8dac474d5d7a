import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import { ArgumentError } from '../errors.ts'

/** Whom the process becomes unless somebody else is named, and its number where no file says so. */
export const DEFAULT_USER = 'nobody'
const NOBODY = 65_534

/** The kernel's highest, less the one that means none. */
const ID_MAX = 0xffff_fffe

export interface UserIds {
  readonly uid: number
  readonly gid: number
}

/** The process, as much as this changes of it. */
export type UserProcess = Partial<
  Pick<NodeJS.Process, 'geteuid' | 'setgroups' | 'setgid' | 'setuid'>
>

/**
 * Gives root up for good, where the process has it: what was opened before stays open. Does nothing
 * where it has not.
 *
 * @param user name or number; `root` goes on as root. Default {@link DEFAULT_USER}.
 * @param subject for tests.
 * @throws {ArgumentError} where there is no such user.
 */
export function dropRoot(
  user: string = DEFAULT_USER,
  logger: Logger,
  subject: UserProcess = process,
): void {
  if (subject.geteuid?.() !== 0) return
  const { uid, gid } = userIds(user)
  if (uid === 0) {
    logger.warn({ user }, 'the server goes on as root')
    return
  }
  // In this order: who is not root any more may change neither of the others.
  subject.setgroups?.([])
  subject.setgid?.(gid)
  subject.setuid?.(uid)
  logger.info({ user, uid, gid }, `the server goes on as ${user}`)
}

/**
 * The numbers of a user.
 *
 * @param passwd the file that has them by name (passwd(5)).
 * @throws {ArgumentError} where there is no such user.
 */
export function userIds(user: string, passwd = '/etc/passwd'): UserIds {
  if (/^\d{1,10}$/.test(user) && Number(user) <= ID_MAX) {
    return { uid: Number(user), gid: Number(user) }
  }
  if (user === 'root') return { uid: 0, gid: 0 }
  for (const line of linesOf(passwd)) {
    const [name, , uid = '', gid = ''] = line.split(':')
    if (name === user && /^\d+$/.test(uid) && /^\d+$/.test(gid)) {
      return { uid: Number(uid), gid: Number(gid) }
    }
  }
  if (user === DEFAULT_USER) return { uid: NOBODY, gid: NOBODY }
  throw new ArgumentError(`there is no user ${user} in ${passwd}`)
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
