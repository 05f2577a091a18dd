/**
 * A browser that was started with the sandbox's arguments reaches the sandbox, and nothing else: neither by name nor by
 * address, whatever the environment says of proxies.
 */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Browser } from 'puppeteer-core';
import { launch } from './browser';

const SANDBOX = process.env['SANDBOX_URL'] ?? '';
const profile = mkdtempSync(join(tmpdir(), 'sandbox-confined-'));
let browser: Browser;

/** A host of its own, as far as a browser knows; it counts who comes. */
class Host {
  readonly visits: string[] = [];
  readonly #server: Server;
  readonly #sockets: Socket[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.#sockets.push(socket);
      this.visits.push(socket.remoteAddress ?? '?');
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nAccess-Control-Allow-Origin: *\r\n\r\nhi');
    });
  }

  static async at(address: string): Promise<Host> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, address, resolve));
    return new Host(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    // A browser keeps connections in reserve.
    for (const socket of this.#sockets) socket.destroy();
  }
}

let elsewhere: Host;
let here: Host;
let proxy: Host;

before(async () => {
  const info: any = await (await fetch(`${SANDBOX}/_/api/info`)).json();
  // All of 127/8 is this machine, but only 127.0.0.1 is let through: 127.0.0.2 stands for every other host.
  [elsewhere, here, proxy] = await Promise.all([Host.at('127.0.0.2'), Host.at('127.0.0.1'), Host.at('127.0.0.1')]);
  // Chromium takes proxies from the environment, and a proxy looks names up by itself.
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy']) process.env[name] = `http://127.0.0.1:${proxy.port}`;
  browser = await launch(profile, info.chromium_args);
});

after(async () => {
  await browser.close();
  for (const host of [elsewhere, here, proxy]) host.close();
  rmSync(profile, { recursive: true, force: true });
});

/** Goes there as a person would by the address bar: no rule of any page is in the way. */
async function visit(address: string): Promise<string> {
  const page = await browser.newPage();
  try {
    const answer = await page.goto(address, { timeout: 10_000 });
    return String(answer?.status());
  } catch (error) {
    return String(error);
  } finally {
    await page.close();
  }
}

test('the sandbox is reached, by its name and without any proxy', async () => {
  assert.equal(await visit('https://web.whatsapp.com/pictures/5511900000001.svg'), '200');
  assert.equal(await visit(`http://127.0.0.1:${here.port}/`), '200');
  assert.equal(here.visits.length >= 1, true, 'the hosts of this test can be reached at all');
});

test('no other host is reached', async () => {
  const addresses = [
    `http://127.0.0.2:${elsewhere.port}/`, `https://127.0.0.2:${elsewhere.port}/`, `http://localhost:${here.port}/`,
    'https://example.com/', 'https://www.whatsapp.com/', 'https://mmg.whatsapp.net/', 'http://web.whatsapp.com.example.com/',
    'http://[::1]/', 'http://192.0.2.1/', 'http://10.0.0.1/',
  ];
  const before = here.visits.length;
  for (const address of addresses) {
    assert.match(await visit(address), /ERR_NAME_NOT_RESOLVED|ERR_ADDRESS_INVALID|ERR_NAME_RESOLUTION_FAILED/, address);
  }
  assert.deepEqual([elsewhere.visits, proxy.visits, here.visits.length - before], [[], [], 0]);
});

test('nor by the scripts of a page, over any of their ways', async () => {
  const page = await browser.newPage();
  await page.goto('https://web.whatsapp.com/pictures/5511900000001.svg');
  const outcome = await page.evaluate(async (port: number) => {
    const tried = (way: Promise<unknown>) => way.then(() => 'reached', () => 'not reached');
    const socket = (address: string) => new Promise((resolve, reject) => {
      const socket = new WebSocket(address);
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    const picture = (address: string) => new Promise((resolve, reject) => {
      const image = new Image();
      image.onload = resolve;
      image.onerror = reject;
      image.src = address;
    });
    return Promise.all([
      tried(fetch(`https://127.0.0.2:${port}/`, { mode: 'no-cors' })),
      tried(fetch('https://example.com/', { mode: 'no-cors' })),
      tried(socket(`wss://127.0.0.2:${port}/`)),
      tried(picture(`https://127.0.0.2:${port}/x.png`)),
    ]);
  }, elsewhere.port);
  assert.deepEqual(outcome, ['not reached', 'not reached', 'not reached', 'not reached']);
  assert.deepEqual([elsewhere.visits, proxy.visits], [[], []]);
  await page.close();
});

test('nor by datagrams, which ask no resolver', async (context) => {
  const addresses = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!own) return context.skip('this machine has no address but its loopback ones');
  const datagrams: string[] = [];
  const socket = createSocket('udp4').on('message', (_, from) => datagrams.push(from.address));
  socket.bind(0, own.address);
  await once(socket, 'listening');
  const page = await browser.newPage();
  const arrived = page.goto('https://web.whatsapp.com/pictures/5511900000001.svg').then(() => page.evaluate(async (urls: string) => {
    const connection = new RTCPeerConnection({ iceServers: [{ urls }] });
    connection.createDataChannel('any');
    const gathered = new Promise((resolve) => {
      connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve(0);
    });
    await connection.setLocalDescription(await connection.createOffer());
    await Promise.race([gathered, new Promise((resolve) => setTimeout(resolve, 3_000))]);
  }, `stun:${own.address}:${socket.address().port}`));
  await arrived.finally(() => socket.close());
  await page.close();
  assert.deepEqual(datagrams, []);
});
