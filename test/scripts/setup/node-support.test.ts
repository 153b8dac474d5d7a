import test from 'ava'
import { importScript } from '../../support/repository.ts'

const { complaintAboutNode } = await importScript<{ complaintAboutNode(version: string): string }>(
  'setup/node-support.mjs',
)

test('the versions of Node in package.json are accepted', (t) => {
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '23.0.0', '24.21.0', '26.10.0']) {
    t.is(complaintAboutNode(version), '', version)
  }
})

test('an older Node gets a sentence with what it is and what is wanted', (t) => {
  for (const version of ['12.22.12', '18.20.4', '20.18.3', '21.7.3', '22.11.0']) {
    const complaint = complaintAboutNode(version)
    t.true(complaint.includes(`this is Node ${version}`), complaint)
    t.true(complaint.includes('Node 20.19 or a later 20, or 22.12 or later'), complaint)
  }
})
