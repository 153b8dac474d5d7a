process.env.CARILLON_MAPPER = 'mmap-io'
await import('./suite/index.ts')
