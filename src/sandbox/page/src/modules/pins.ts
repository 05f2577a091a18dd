/** Messages pinned to the top of a chat. The sandbox has no such thing, and says so when one is to be pinned. */

import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';

const DAY = 86_400;

export const pinModules: ModuleTable = {
  // chat.pinMsg, chat.unpinMsg; whatsapp-web.js: message.pin
  WAWebPinMsgConstants: {
    PIN_STATE: { INVALID: 0, PIN: 1, UNPIN: 2 },
    PinExpiryDurationOption: { OneDay: 'OneDay', SevenDays: 'SevenDays', ThirtyDays: 'ThirtyDays' },
    getPinExpiryDuration: () => 7 * DAY,
  },
  WAWebPinInChatCollection: { PinInChatCollection: { getByParentMsgKey: () => undefined } },
  WAWebSendPinMessageAction: { sendPinInChatMsg: notSimulated('sendPinInChatMsg') },
  // whatsapp-web.js: getPinnedMessages
  WAWebPinInChatSchema: { getTable: notSimulated('WAWebPinInChatSchema') },
};
