/** The state of the connection, in the models that wa-js watches. */

import { EventEmitter } from '../base/emitter';
import { Model } from '../base/model';
import type { ModuleTable } from '../registry';
import { link } from '../runtime/socket';
import type { SocketState, SocketStream } from './constants';

/** wa-js: `ref` is the first part of the QR code, and its change is conn.auth_code_change. */
class ConnImpl extends Model {
  declare ref: string | null;
  declare connected: boolean;

  /** whatsapp-web.js asks before setDisplayName. */
  canSetMyPushname(): boolean {
    return true;
  }
}

export const Conn = new ConnImpl({
  ref: null, connected: false, platform: 'android', pushname: null, wid: null, isSMB: false,
});

export type StreamMode = 'QR' | 'SYNCING' | 'MAIN' | 'OFFLINE';
export type StreamInfo = 'OPENING' | 'PAIRING' | 'SYNCING' | 'RESUMING' | 'NORMAL' | 'OFFLINE';

/** wa-js: conn.stream_mode_changed and conn.stream_info_changed; MAIN means ready to send. */
class StreamImpl extends Model {
  declare mode: StreamMode | undefined;
  declare info: StreamInfo;
  declare available: boolean;
  /** The server takes only a newer version of the page. */
  declare needsUpdate: boolean;

  markAvailable(): void {
    this.set('available', true);
    link.notify('presence', { available: true });
  }

  markUnavailable(): void {
    this.set('available', false);
    link.notify('presence', { available: false });
  }

  enter(mode: StreamMode, info: StreamInfo): void {
    this.set({ info, displayInfo: info });
    this.set('mode', mode);
  }
}

export const Stream = new StreamImpl({
  mode: undefined, info: 'OPENING', displayInfo: 'OPENING', needsUpdate: false, available: false,
});

/** wa-js: conn.require_auth and conn.qrcode_idle follow `state`; conn.logout calls `logout`. */
class SocketImpl extends Model {
  declare state: SocketState;
  declare stream: SocketStream;
  declare hasSynced: boolean;

  /**
   * Resolves once the server knows: whatsapp-web.js closes the browser right after it. The page leaves
   * only then, and not at once, because wa-js begins to listen for `logout` after this call.
   */
  async logout(): Promise<void> {
    await link.request('logout', {}).catch(() => undefined);
    setTimeout(() => Cmd.trigger('logout_requested'));
  }

  poke(): void {
    Cmd.refreshQR();
  }

  /** whatsapp-web.js: resetState. */
  reconnect(): void {
    link.renew();
  }

  /** "Use here": this window gets the connection. On the sandbox no other one ever has it. */
  takeover(): void {
    link.renew();
  }
}

export const Socket = new SocketImpl({
  state: 'OPENING', stream: 'DISCONNECTED', hasSynced: false, launched: true,
});

/** wa-js: conn.main_loaded, conn.authenticated and conn.logout are events of this emitter. */
class CmdImpl extends EventEmitter {
  isMainLoaded = false;

  /** conn.refreshQR: the page answers with a new `Conn.ref`. */
  refreshQR(): void {
    this.trigger('refresh_qr');
  }

  announceMainLoaded(): void {
    this.isMainLoaded = true;
    this.trigger('main_loaded');
  }

  /** Adds what the person at the page can do, such as `sendRevokeMsgs`: each part brings its own. */
  offer(commands: Record<string, (...args: any[]) => unknown>): void {
    Object.assign(this, commands);
  }

  /** conn.logout waits for this one. */
  announceLogout(): void {
    this.isMainLoaded = false;
    this.trigger('logout');
  }
}

export const Cmd = new CmdImpl();

class NetworkStatus extends Model {
  checkOnline(): boolean {
    return navigator.onLine;
  }
}

const networkStatus = new NetworkStatus({ online: navigator.onLine });
for (const event of ['online', 'offline']) {
  window.addEventListener(event, () => networkStatus.set('online', navigator.onLine));
}

/** wa-js turns a call of `getErrorCodeFromLogoutReason` into conn.logout_reason. */
export const logoutReasons = {
  getErrorCodeFromLogoutReason: (_reason: string) => '0',
  setPrevLogoutReasonCode: () => undefined,
  setPrevCustomLogoutMessage: () => undefined,
  getPrevLogoutReasonCode: () => undefined,
  getPrevCustomLogoutMessage: () => undefined,
};

const linkDeviceEvents = Object.assign(new EventEmitter(), {
  triggerRefreshAltLinkingCode(): void {
    linkDeviceEvents.trigger('link_device_events:refresh_alt_linking_code');
  },
});

/** A code to type on the phone: conn.genLinkDeviceCodeForPhoneNumber. */
async function requestLinkingCode(phone: string): Promise<string> {
  const answer = await link.request('pairing_code', { phone: phone.replace(/\D/g, '') });
  if (answer.error) throw new Error(answer.error);
  Conn.set('linkingCode', answer.code);
  return answer.code;
}

export const connectionModules: ModuleTable = {
  WAWebConnModel: { Conn, ConnImpl },
  WAWebStreamModel: { Stream },
  WAWebSocketModel: { Socket },
  WAWebCmd: { Cmd, CmdImpl },
  WAWebNetworkStatus: { default: networkStatus },
  // conn.backend_event is whatever passes through this bus. Nothing does yet.
  WAWebBackendEventBus: {
    BackendEventBus: new EventEmitter(),
    BackendEvent: { SET_SOCKET_STATE: 'set_socket_state' },
  },
  WAWebLogoutReason: logoutReasons,
  WAWebLogoutReasonConstants: {
    LogoutReason: { UserInitiated: 'user_initiated', AccountLocked: 'account_locked' },
    LOGOUT_REASON_CODE: { CLIENT_FATAL: '0', SYNC_FAIL: '1' },
  },
  WAWebAltDeviceLinkingApi: {
    initializeAltDeviceLinking: async () => undefined,
    initializeQRLinking: async () => undefined,
    setPairingType: () => undefined,
    startAltLinkingFlow: requestLinkingCode,
    genLinkDeviceCodeForPhoneNumber: requestLinkingCode,
  },
  WAWebLinkDeviceEvents: { WAWebLinkDeviceEvents: linkDeviceEvents },
  // Feature switches: wa-js wraps both functions to switch some on.
  WAWebABProps: { getABPropConfigValue: (_name: string) => undefined },
  WAWebPrimaryFeatures: { primaryFeatureEnabled: (_name: string) => true },
};
