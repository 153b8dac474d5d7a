import { availableParallelism } from 'node:os'
import { bareMetalFirmware } from './bare-metal.mjs'
import { boardDescriptions, boardOutputs } from './boards.mjs'
import { dependencies } from './dependencies.mjs'
import { firmwareLayout } from './firmware-layout.mjs'
import { headersSetting } from './node-headers.mjs'
import { runQuietly, runTool, toolEnvironment } from './run-tool.mjs'
import { stampedStep } from './stamped-step.mjs'
import { compileTypeScript, typeScriptOutputs, typeScriptSources } from './typescript.mjs'

/**
 * What the set-up makes, in the order in which each needs the ones before it. A step has a `name`,
 * the line that says what it is `doing`, the `tools` that it cannot install, `isFresh` and `run`.
 */
export function setUpSteps(root) {
  const runScript = (script, failure) => () =>
    runTool(root, process.execPath, [script], { sentence: `${failure} (the output is above)` })

  return [
    dependencies(root),
    stampedStep(root, {
      name: 'protocol',
      doing: 'Generating the protocol code',
      inputs: () => ['package-lock.json', 'scripts/generate-protocol.mjs', 'proto/carillon.proto'],
      outputs: () => ['proto/generated', 'dist/proto/generated'],
      run: runScript('scripts/generate-protocol.mjs', 'The protocol code was not generated'),
    }),
    stampedStep(root, {
      name: 'typescript',
      doing: 'Compiling the TypeScript',
      inputs: () => [
        ...['package-lock.json', 'package.json', 'tsconfig.json'],
        ...typeScriptSources(root),
      ],
      outputs: () => typeScriptOutputs(root),
      run: () => compileTypeScript(root),
    }),
    stampedStep(root, {
      name: 'c-header',
      doing: 'Writing the C header of the shared layout',
      inputs: () => ['dist/src/shm'],
      outputs: () => ['firmware/include/carillon/shared_mem.h'],
      run: runScript('dist/src/shm/write-c-header.js', 'The C header was not written'),
    }),
    stampedStep(root, {
      name: 'command',
      doing: 'Bundling the command',
      inputs: () => ['package-lock.json', 'scripts/build-cli.mjs', 'tsconfig.json', 'src', 'proto'],
      outputs: () => ['dist/cli'],
      run: runScript('scripts/build-cli.mjs', 'The command was not bundled'),
    }),
    stampedStep(root, {
      name: 'board-files',
      doing: "Writing the firmware's header and linker script of each board",
      inputs: () => [...boardDescriptions(root), 'dist/src/cores'],
      outputs: () => boardOutputs(root),
      run: runScript('dist/src/cores/write-board-files.js', 'They were not written'),
    }),
    {
      ...stampedStep(root, {
        name: 'native',
        doing: 'Building the native addon',
        tools: ['make', 'g++', 'python3'],
        inputs: () => ['native/binding.gyp', 'native/build.mjs', 'native/src'],
        outputs: () => ['native/build/Release/carillon.node'],
        run: () =>
          runTool(root, process.execPath, ['native/build.mjs'], {
            sentence: 'The native addon did not build (the output is above)',
            env: toolEnvironment(headersSetting()),
          }),
      }),
      // Elsewhere there is no epoll.
      ...(process.platform !== 'linux' && { isFresh: () => true }),
    },
    {
      name: 'firmware',
      doing: 'Building the firmware',
      tools: ['make', 'cc'],
      // make itself knows what is stale.
      isFresh: () => runQuietly(root, 'make', ['-C', 'firmware', '-q']).ok,
      run: () =>
        runTool(root, 'make', ['-C', 'firmware', `-j${availableParallelism()}`], {
          sentence: 'The firmware did not build (the output is above)',
        }),
    },
    bareMetalFirmware(root),
    firmwareLayout(root),
    stampedStep(root, {
      name: 'web',
      doing: 'Bundling the web console',
      inputs: () => [
        'package-lock.json',
        'scripts/build-web.mjs',
        'tsconfig.json',
        'web',
        'src',
        'proto',
      ],
      outputs: () => ['dist/web'],
      run: runScript('scripts/build-web.mjs', 'The web console was not bundled'),
    }),
  ]
}
