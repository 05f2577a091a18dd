/**
 * The idempotency key of one thing that a person wants done. Pressing the button again after
 * a lost answer repeats the key, so that nothing is done twice; after a clear refusal, or with
 * other content, it is a new attempt under a new key.
 */
export class Intent {
  private key: string | null = null;
  private content = "";

  constructor(private readonly fresh: () => string) {}

  keyFor(body: unknown): string {
    const content = JSON.stringify(body);
    if (this.key === null || content !== this.content) this.key = this.fresh();
    this.content = content;
    return this.key;
  }

  /** Tells of a failed attempt. `status` is that of the answer; undefined when none came. */
  failed(status: number | undefined): void {
    const decided = status !== undefined && status >= 400 && status < 500 && status !== 409 && status !== 429;
    if (decided) this.key = null;
  }
}
