import type { LoadedFirmware } from './core-runner.ts'
import type { FirmwareImage } from './firmware-image.ts'
import { type ImageVersion, imageVersion } from './firmware-symbols.ts'

/** An image, and which file it was read from. */
interface ReadImage {
  readonly image: FirmwareImage
  readonly version: ImageVersion | undefined
}

/** The image that cores are started with: as it was read, whatever becomes of the file. */
export class ChosenImage {
  readonly #readImage: (path: string) => Promise<FirmwareImage>
  #path: string
  #current: ReadImage | undefined

  /** @param readImage throws where the cores cannot run it. */
  constructor(path: string, readImage: (path: string) => Promise<FirmwareImage>) {
    this.#path = path
    this.#readImage = readImage
  }

  get path(): string {
    return this.#path
  }

  /** Reads it where nobody has yet. */
  async image(): Promise<FirmwareImage> {
    return (await this.#read()).image
  }

  /** Which file it was read from. Reads it where nobody has yet. */
  async version(): Promise<ImageVersion | undefined> {
    return (await this.#read()).version
  }

  /**
   * Chooses another image, or reads this one's file again.
   *
   * @throws as it is read. Nothing has changed then.
   */
  async load(path: string = this.#path): Promise<LoadedFirmware> {
    const chosen = await this.#readFrom(path)
    const before = { path: this.#path, current: this.#current }
    this.#path = path
    this.#current = chosen
    const undo = () => {
      this.#path = before.path
      this.#current = before.current
    }
    return { path, version: chosen.image.identity.version, undo }
  }

  async #read(): Promise<ReadImage> {
    this.#current ??= await this.#readFrom(this.#path)
    return this.#current
  }

  async #readFrom(path: string): Promise<ReadImage> {
    // Before it is read: one that is replaced meanwhile is taken for another, and never the other way.
    const version = await imageVersion(path)
    return { image: await this.#readImage(path), version }
  }
}
