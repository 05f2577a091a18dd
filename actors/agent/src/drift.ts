/**
 * The self-test's answer, told when a page has begun and whenever it changes. WhatsApp Web replaces itself by loading
 * anew, and every document begins with a new agent: so every version of it is tested.
 */

import type { EventLog } from './events';
import { type Missing, type Purpose, missing } from './selftest';
import { bound } from './wpp';

declare global {
  /** Set by the engine before this script: which files it has put into the page. */
  var __zaptorBuild: string | undefined;
  /** This package's version, written in by the build. */
  const AGENT_VERSION: string;
}

export interface Drift {
  /** The engine's word for the files that run here. */
  build: string;
  agent: string;
  wa_js: string | null;
  whatsapp_web: string | null;
  /** Whether everything was looked for, as on a linked page, or only what links another one. */
  linked: boolean;
  missing: Missing[];
}

/** When a page is tested although it has not come as far as it should have. */
const LATE_MS = 20_000;

/** How often what is missing is looked for again: WhatsApp Web loads parts of itself late. */
const AGAIN_MS = 5_000;

/** What stands for all of wa-js where it found nothing of WhatsApp's. */
const NOTHING_BOUND: Missing = {
  name: 'wa-js',
  needed_for: ['link', 'pairing', 'probe', 'send', 'receive', 'acks', 'look_up', 'backfill', 'log_out', 'names'],
};

/** Where the page stands, as far as it decides what can be asked of it: its modules come by and by. */
export type Stage = 'loading' | 'unlinked' | 'linked' | 'ready';

export class DriftReport {
  readonly #log: EventLog;
  #stage: Stage = 'loading';
  /** Since when the page has been at this stage. */
  #since: number;
  #tested: Stage | undefined;
  #testedAt = Number.NEGATIVE_INFINITY;
  #missing: Missing[] = [];
  #told: string | undefined;

  constructor(log: EventLog, now: number) {
    this.#log = log;
    this.#since = now;
  }

  /**
   * Called again and again. Tests a page once at each stage, when all that belongs to it must be there (`complete`) or it
   * stays there for suspiciously long; and again and again as long as it lacks something.
   */
  look(stage: Stage, complete: boolean, now: number): void {
    if (stage !== this.#stage) {
      this.#stage = stage;
      this.#since = now;
    }
    const first = this.#tested !== stage && (complete || now - this.#since >= LATE_MS);
    const again = this.#missing.length > 0 && now - this.#testedAt >= AGAIN_MS;
    if (first || again) this.#test(stage, now);
  }

  /** What is missing for a purpose, as last tested. */
  lacks(purpose: Purpose): string[] {
    return this.#missing.filter((lack) => lack.needed_for.includes(purpose)).map((lack) => lack.name);
  }

  #test(stage: Stage, now: number): void {
    this.#tested = stage;
    this.#testedAt = now;
    const drift = inspect(stage);
    this.#missing = drift.missing;
    const text = JSON.stringify(drift);
    if (text === this.#told) return;
    this.#told = text;
    this.#log.add({ kind: 'drift', ...drift });
  }
}

/** The self-test now. On a page that waits for a phone, what serves a linked one may still be on its way. */
export function inspect(stage: Stage): Drift {
  const wpp = bound();
  const here = globalThis as { Debug?: { VERSION?: unknown } };
  return {
    build: globalThis.__zaptorBuild ?? '',
    agent: AGENT_VERSION,
    wa_js: text(globalThis.WPP?.version),
    whatsapp_web: text(here.Debug?.VERSION),
    linked: stage !== 'unlinked',
    missing: wpp ? missing(wpp, stage === 'unlinked' ? ['link', 'pairing'] : undefined) : [NOTHING_BOUND],
  };
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 100) : null;
}
