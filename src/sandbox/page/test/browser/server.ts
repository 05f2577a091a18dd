/**
 * A small stand-in for the sandbox server: it serves the built page over TLS and speaks the page's
 * protocol to one account. Tests steer it by calling its methods.
 */

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer, type WebSocket } from 'ws';
import type { ChatEntry, Me, Push, RawMessage, Snapshot } from '../../src/protocol';

const CSP = [
  "default-src 'self' data: blob:", "script-src 'self'", "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:", "connect-src 'self' wss://web.whatsapp.com",
].join('; ');

export interface Delivery {
  id: string;
  to: string;
  body: unknown;
  times: number;
}

interface Session {
  socket: WebSocket;
  refs: string[];
  linked: boolean;
}

type Frame = { t: string; rid?: number; [field: string]: any };

export class TestServer {
  refMs = 20_000;
  syncMs = 200;
  /** While true, messages are taken but not acknowledged. */
  dropAcks = false;
  /** While true, connections are refused. */
  refusing = false;
  readonly deliveries: Delivery[] = [];
  readonly notices: Frame[] = [];
  /** True once somebody has scanned; the token stays good until `logOut`. */
  token: string | undefined;
  readonly me: Me = { pn: '5511900000001@c.us', lid: '105511900000001@lid', name: 'Ana' };
  readonly #chats = new Map<string, OpenChat>();
  readonly #sessions = new Set<Session>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'sandbox-page-'));
  readonly #https: Server;
  readonly #spki: string;

  constructor(dist: string) {
    const { key, cert } = selfSigned(this.#folder);
    const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
    this.#spki = createHash('sha256').update(publicKey).digest('base64');
    this.#https = createServer({ key, cert }, (request, response) => {
      const path = new URL(request.url ?? '/', 'https://page').pathname;
      const file = path === '/' ? 'index.html' : path.slice(1);
      if (file === 'drift.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end();
        return;
      }
      if (file !== 'index.html' && file !== 'page.js') {
        response.writeHead(404).end();
        return;
      }
      const type = file.endsWith('.js') ? 'text/javascript' : 'text/html';
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8`, 'content-security-policy': CSP });
      response.end(readFileSync(join(dist, file)));
    });
    const sockets = new WebSocketServer({ server: this.#https, path: '/ws/chat' });
    sockets.on('connection', (socket) => this.#accept(socket));
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#https.listen(0, '127.0.0.1', resolve));
  }

  /** With these a Chromium finds this server at https://web.whatsapp.com, and nothing else. */
  chromiumArgs(): string[] {
    const { port } = this.#https.address() as AddressInfo;
    return [
      `--host-resolver-rules=MAP web.whatsapp.com 127.0.0.1:${port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
      `--ignore-certificate-errors-spki-list=${this.#spki}`,
    ];
  }

  close(): void {
    this.dropSockets();
    this.#https.close();
    this.#https.closeAllConnections();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What a phone does with the code on the page. */
  scan(code: string): void {
    const ref = code.split(',')[0];
    const session = [...this.#sessions].find((candidate) => candidate.refs.includes(ref ?? ''));
    if (!session) throw new Error('Nobody shows this code');
    this.token = randomBytes(16).toString('hex');
    session.linked = true;
    push(session, { t: 'paired', token: this.token, ...this.#snapshot() });
  }

  /** Somebody writes to the account. It reaches the page now, or with the next greeting. */
  inbound(from: string, body: string): string {
    const raw: RawMessage = {
      id: `3A${randomBytes(8).toString('hex').toUpperCase()}`, t: now(), type: 'chat', body, notifyName: 'Bia',
    };
    const chat = this.#chat(from);
    chat.msgs.push(raw);
    chat.unread += 1;
    this.#toLinked({ t: 'msg', chat: from, raw });
    return raw.id;
  }

  logOut(): void {
    this.token = undefined;
    this.#toLinked({ t: 'logout', reason: 'unknown_companion' });
    for (const session of this.#sessions) session.linked = false;
  }

  dropSockets(): void {
    for (const session of this.#sessions) session.socket.terminate();
  }

  #accept(socket: WebSocket): void {
    if (this.refusing) {
      socket.terminate();
      return;
    }
    const session: Session = { socket, refs: [], linked: false };
    this.#sessions.add(session);
    socket.on('close', () => this.#sessions.delete(session));
    socket.on('message', (data) => this.#follow(session, JSON.parse(String(data))));
  }

  #follow(session: Session, frame: Frame): void {
    const answer = (fields: object) => session.socket.send(JSON.stringify({ rid: frame.rid, ...fields }));
    switch (frame.t) {
      case 'hello': return this.#greet(session, frame);
      case 'refs': return push(session, { t: 'refs', refs: freshRefs(session) });
      case 'send': return this.#take(frame, answer);
      case 'exists': return answer(exists(frame['id']));
      case 'about': return answer({ about: 'Available' });
      case 'pairing_code': return answer({ code: 'ABCDEFGH' });
      case 'logout':
        this.token = undefined;
        session.linked = false;
        return answer({});
      default:
        this.notices.push(frame);
        if (frame.rid) answer({ error: 'unknown' });
    }
  }

  #greet(session: Session, frame: Frame): void {
    session.linked = this.token !== undefined && frame['token'] === this.token;
    if (session.linked) push(session, { t: 'welcome', ...this.#snapshot() });
    else push(session, { t: 'welcome', refs: freshRefs(session), refMs: this.refMs });
  }

  #take(frame: Frame, answer: (fields: object) => void): void {
    const seen = this.deliveries.find((delivery) => delivery.id === frame['id']);
    if (seen) seen.times += 1;
    else this.deliveries.push({ id: frame['id'], to: frame['to'], body: frame['msg'].body, times: 1 });
    const chat = this.#chat(frame['to']);
    const raw: RawMessage = { id: frame['id'], fromMe: true, t: now(), ack: 1, ...frame['msg'] };
    if (!seen) chat.msgs.push(raw);
    if (this.dropAcks) return;
    setTimeout(() => answer({ at: now() }), 5);
    if (seen) return;
    for (const [ack, delay] of [[2, 30], [3, 60]] as const) {
      setTimeout(() => {
        raw.ack = ack;
        this.#toLinked({ t: 'receipt', chat: frame['to'], ids: [raw.id], ack });
      }, delay);
    }
  }

  #snapshot(): Snapshot {
    return {
      me: this.me,
      contacts: [{ id: this.me.pn, lid: this.me.lid, name: this.me.name }],
      chats: [...this.#chats.values()],
      groups: [],
      blocklist: [],
      historyFrames: 0,
      syncMs: this.syncMs,
    };
  }

  #chat(id: string): OpenChat {
    const present = this.#chats.get(id);
    if (present) return present;
    const chat: OpenChat = { id, name: '', msgs: [], unread: 0 };
    this.#chats.set(id, chat);
    return chat;
  }

  #toLinked(frame: Push): void {
    for (const session of this.#sessions) if (session.linked) push(session, frame);
  }
}

type OpenChat = ChatEntry & { name: string; msgs: RawMessage[]; unread: number };

function push(session: Session, frame: Push): void {
  session.socket.send(JSON.stringify(frame));
}

function freshRefs(session: Session): string[] {
  session.refs = Array.from({ length: 3 }, () => `2@${randomBytes(66).toString('base64')}`);
  return session.refs;
}

function exists(id: string): object {
  const user = id.split('@')[0] ?? '';
  return user.startsWith('000') ? {} : { wid: `${user}@c.us`, lid: `10${user}@lid` };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function selfSigned(folder: string): { key: Buffer; cert: Buffer } {
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  execFileSync('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2',
    '-subj', '/CN=web.whatsapp.com', '-addext', 'subjectAltName=DNS:web.whatsapp.com',
    '-keyout', key, '-out', cert,
  ], { stdio: 'ignore' });
  return { key: readFileSync(key), cert: readFileSync(cert) };
}
