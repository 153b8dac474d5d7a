import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { ProgressLine } = await importScript<{
  ProgressLine: new (
    stream: object,
  ) => {
    update(text: string): void
    keep(text: string): void
    end(): void
  }
}>('soaking/progress-line.mjs')

function written(isTTY: boolean, does: (line: InstanceType<typeof ProgressLine>) => void): string {
  let all = ''
  const write = (text: string) => {
    all += text.replaceAll(/\d+:\d\d /g, '')
  }
  does(new ProgressLine({ isTTY, columns: 80, write }))
  return all
}

test('on a terminal what goes on is written over, and what stays is not', (t) => {
  const all = written(true, (line) => {
    line.update('one')
    line.keep('first is done')
    line.update('two')
    line.end()
  })
  t.is(all, '\r\u001b[Kone\r\u001b[Kfirst is done\n\r\u001b[Ktwo\n')
})

test('elsewhere what stays is written at once, however little time has passed', (t) => {
  const all = written(false, (line) => {
    line.keep('first begins')
    line.update('one')
    line.keep('first is done')
    line.keep('second begins')
    line.end()
  })
  t.is(all, 'first begins\nfirst is done\nsecond begins\n')
})

test('elsewhere the last that goes on is left at the end', (t) => {
  const all = written(false, (line) => {
    line.keep('first begins')
    line.update('one')
    line.update('two')
    line.end()
  })
  t.is(all, 'first begins\ntwo\n')
})
