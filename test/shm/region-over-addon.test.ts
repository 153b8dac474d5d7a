process.env.CARILLON_MAPPER = 'addon'
await import('./suite/index.ts')
