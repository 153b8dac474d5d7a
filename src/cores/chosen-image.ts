import type { LoadedFirmware } from './core-runner.ts'
import type { FirmwareImage } from './firmware-image.ts'

/** The image that cores are started with: as it was read, whatever becomes of the file. */
export class ChosenImage {
  readonly #read: (path: string) => Promise<FirmwareImage>
  #path: string
  #image: FirmwareImage | undefined

  /** @param read reads an image, and throws where the cores cannot run it. */
  constructor(path: string, read: (path: string) => Promise<FirmwareImage>) {
    this.#path = path
    this.#read = read
  }

  get path(): string {
    return this.#path
  }

  /** Reads it where nobody has yet. */
  async image(): Promise<FirmwareImage> {
    this.#image ??= await this.#read(this.#path)
    return this.#image
  }

  /**
   * Chooses another image, or reads this one's file again.
   *
   * @throws as it is read. Nothing has changed then.
   */
  async load(path: string = this.#path): Promise<LoadedFirmware> {
    const image = await this.#read(path)
    const before = { path: this.#path, image: this.#image }
    this.#path = path
    this.#image = image
    const undo = () => {
      this.#path = before.path
      this.#image = before.image
    }
    return { path, version: image.identity.version, undo }
  }
}
