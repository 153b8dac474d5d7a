/** What the plan takes for granted because nothing here measures it. Each says why it is that much. */
export const ASSUMPTIONS = {
  busyShare: {
    value: 0.7,
    text: 'A CPU is planned to be busy for no more than this share: the rest is for bursts',
  },
  sampleRateHz: {
    value: 48_000,
    text: 'A stream is one channel of 32-bit samples at this rate (Hz)',
  },
  blockSamples: {
    value: 64,
    text: 'It comes in blocks of so many samples: 1.3 ms of sound, as who plays live wants it',
  },
  piSlowness: {
    value: 8,
    text: 'A core of a Pi Zero 2 W (Cortex-A53, 1 GHz) takes so many times as long for the same work as a CPU of the machine measured here. A guess, between 5 and 12; a run on the board decides',
  },
  piLinuxCpus: {
    value: 1,
    text: 'Cores of the Pi that Linux has: the bridge and the network are on these',
  },
  piBareCores: { value: 3, text: 'Cores of the Pi that run firmware' },
  piNetworkBitsPerS: {
    value: 40e6,
    text: 'What the Pi’s wireless network (2.4 GHz, one antenna) carries, both ways together, in bit/s',
  },
  streamsPerCore: { value: 128, text: 'Streams of a core: a limit of the firmware' },
  serverCpus: {
    value: 16,
    text: 'CPUs of a server, each as fast as one of the machine measured here',
  },
  serverCpusPerProcess: {
    value: 4,
    text: 'Of these a server’s process has one for the bridge, one for the kernel’s share of the network and the rest for its cores',
  },
  serverCoresPerProcess: { value: 2, text: 'Cores of such a process' },
  serverNetworkBitsPerS: {
    value: 10e9,
    text: 'What a server’s network card carries each way, in bit/s',
  },
  headerBytes: {
    value: 78,
    text: 'What a block has around it on the network: Ethernet, IP and TCP with time stamps, each block in a packet of its own',
  },
  wireBytes: {
    value: 12,
    text: 'What a block has around it in the protocol: its frame, stream and sequence',
  },
  deviceMessagesPerS: {
    value: 10,
    text: 'Messages that a board of the fleet sends to the broker each second: its telemetry, not its samples',
  },
  brokerReceivers: { value: 1, text: 'Receivers to which the broker passes each message on' },
  brokerMemoryBytes: { value: 8e9, text: 'Memory of the broker for its connections, in bytes' },
  brokerKernelBytesPerConnection: {
    value: 8192,
    text: 'The kernel’s own memory for an idle connection, which no figure of the process has, in bytes',
  },
} as const

export type AssumptionName = keyof typeof ASSUMPTIONS
