/** A file in the page's hands, in the wrapping that clients expect around it. */

import { decodeBase64 } from '../constants';

/** wa-js looks for the base class by `throwIfReleased`. */
export class OpaqueDataBase {
  /** Files of the sandbox are never released: a page lives too short for that to matter. */
  throwIfReleased(): void {}
}

/** wa-js finds it by `createFromData`. */
export class OpaqueData extends OpaqueDataBase {
  readonly #blob: Blob;
  readonly #type: string;
  #url: string | undefined;

  constructor(blob: Blob, type: string) {
    super();
    this.#blob = blob;
    this.#type = type;
  }

  static async createFromData(data: Blob | BlobPart, type?: string): Promise<OpaqueData> {
    const blob = data instanceof Blob ? data : new Blob([data], type ? { type } : {});
    return new OpaqueData(blob, type || blob.type || 'application/octet-stream');
  }

  static async createFromBase64Jpeg(data: string): Promise<OpaqueData> {
    return OpaqueData.createFromData(decodeBase64(data), 'image/jpeg');
  }

  forceToBlob(): Blob {
    return this.#blob;
  }

  formData(): Blob {
    return this.#blob;
  }

  type(): string {
    return this.#type;
  }

  size(): number {
    return this.#blob.size;
  }

  /** What the file is called, if somebody chose it by name. */
  name(): string | undefined {
    return this.#blob instanceof File ? this.#blob.name : undefined;
  }

  url(): string {
    return (this.#url ??= URL.createObjectURL(this.#blob));
  }

  retain(): void {}

  release(): void {}

  autorelease(): void {}
}
