/** How far the page is with taking in the account. */

import type { ModuleTable } from '../registry';
import { Cmd } from './connection';

let percent = 0;

/** whatsapp-web.js: event loading_screen. */
export function progressed(to: number): void {
  percent = to;
  Cmd.trigger('offline_progress_update_from_bridge');
}

export const syncProgressModules: ModuleTable = {
  WAWebOfflineHandler: { OfflineMessageHandler: { getOfflineDeliveryProgress: () => percent } },
  // conn.getHistorySyncProgress
  WAWebHistorySyncProgress: {
    getHistorySyncProgressModel: () => ({ realProgress: percent, remainingPausedSeconds: 0 }),
  },
};
