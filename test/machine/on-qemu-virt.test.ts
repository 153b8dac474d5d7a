process.env.CARILLON_MACHINE = 'qemu-virt'
await import('./suite.ts')
