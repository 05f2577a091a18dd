import { until } from './rows';

/** Everything that an emitter of a client has said, oldest first. */
export class Heard {
  readonly all: { name: string; args: any[] }[] = [];

  note(name: string, ...args: any[]): void {
    this.all.push({ name, args });
  }

  /** The arguments of the first event of this name that fits, once there is one. */
  first(name: string, fits: (...args: any[]) => unknown = () => true, ms?: number): Promise<any[]> {
    return this.#after(0, name, fits, ms);
  }

  /** The same, of what is said from the beginning of `act` on. */
  async during(act: () => unknown, name: string, fits: (...args: any[]) => unknown = () => true): Promise<any[]> {
    const from = this.all.length;
    await act();
    return this.#after(from, name, fits);
  }

  of(name: string): any[][] {
    return this.all.filter((event) => event.name === name).map((event) => event.args);
  }

  #after(from: number, name: string, fits: (...args: any[]) => unknown, ms?: number): Promise<any[]> {
    return until(`${name} to be told`, () =>
      this.all.slice(from).find((event) => event.name === name && fits(...event.args))?.args, ms);
  }
}
