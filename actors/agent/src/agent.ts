/**
 * Zaptor's agent inside WhatsApp Web. The engine injects wa-js and this file before the page's own scripts, calls
 * `__zaptor.call(command, json)` and listens to the binding `__zaptorEvent`. Everything that crosses is JSON text.
 */

import { type SendOrder, logOut, lookUp, lookUpMany, pairByPhone, probe, refreshPairing, send } from './commands';
import { DriftReport } from './drift';
import { EventLog } from './events';
import { fetchInbound, inboundSince } from './inbound';
import { reason } from './patience';
import { status } from './state';
import { watch } from './watch';

declare global {
  var __zaptorEvent: ((json: string) => void) | undefined;
  var __zaptor: { call(command: string, order: string): Promise<string> } | undefined;
}

const log = new EventLog(crypto.randomUUID(), {
  push: () => globalThis.__zaptorEvent,
  storage: () => globalThis.sessionStorage,
});

const drift = new DriftReport(log, Date.now());

function acknowledge({ page, n }: { page: string; n: number }): object {
  log.acknowledge(page, n);
  return {};
}

// What an order holds is between the engine and the command; its name alone is checked here.
const commands: Record<string, (order: never) => unknown> = {
  status: () => status(),
  build: () => ({ build: globalThis.__zaptorBuild ?? '' }),
  probe: (order: { deadline_ms: number }) => probe(order, drift),
  send: (order: SendOrder) => send(order, drift),
  look_up: lookUp,
  look_up_many: lookUpMany,
  inbound_since: inboundSince,
  fetch_inbound: fetchInbound,
  refresh_pairing: refreshPairing,
  pair_by_phone: pairByPhone,
  log_out: logOut,
  events: (order: { page: string; n: number; limit: number }) => {
    acknowledge(order);
    return log.waiting(order.limit);
  },
  acknowledge,
};

async function call(command: string, order: string): Promise<string> {
  try {
    const run = commands[command];
    if (!run) throw new Error(`the agent does not know ${command}`);
    return JSON.stringify({ ok: await run(JSON.parse(order) as never) });
  } catch (error) {
    return JSON.stringify({ refused: reason(error) });
  }
}

Object.defineProperty(globalThis, '__zaptor', { value: Object.freeze({ call }), configurable: true });
addEventListener('pagehide', () => log.carryOver());
watch(log, drift);
