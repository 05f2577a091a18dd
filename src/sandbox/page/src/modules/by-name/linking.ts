/** What whatsapp-web.js reads before the page is linked. */

import type { ModuleTable } from '../../registry';
import { Cmd } from '../connection';

export const linkingModules: ModuleTable = {
  // Last part of the text in the QR code: what kind of browser this is. 1 stands for Chrome.
  WAWebCompanionRegClientUtils: { DEVICE_PLATFORM: '1' },
  // Its exports are taken over as a whole, and none of them is used.
  WAWebAdvSignatureApi: {},
  // option deviceName replaces `info`.
  WAWebMiscBrowserUtils: { info: () => ({ os: 'Linux', name: 'Chrome', version: '120' }) },
  // cancelPairingCode
  WAWebLaunchSocketUtils: { refreshQR: () => Cmd.refreshQR() },
  // Switched on at start. There is nothing to ask for again: what comes in is never encrypted.
  WAWebSyncGatingUtils: { isPlaceholderMessageResendEnabled: () => false },
};
