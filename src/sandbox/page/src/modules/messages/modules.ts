import type { ModuleTable } from '../../registry';
import { loadEarlier } from '../../runtime/history';
import { findAround, findMedia, findStarred, findText, quotedMessage, type FindAround } from './find';
import { msgInfos, queryMsgInfo } from './info';
import { Msg } from './model';
import {
  canMarkPlayed, chatReceipts, groupReceipts, markPlayed, singleMessage, statusReceipts,
} from './receipts';
import { addAndSendMsgToChat } from './send';
import { MsgCollectionImpl, messages, type SendTarget } from './store';

const none = async () => ({ status: 200, messages: [] });

/** Messages: the store, sending, and the receipts of what was sent. */
export const messageModules: ModuleTable = {
  WAWebMsgModel: { Msg },
  // chat.getMessageById looks here first; chat.new_message is this store's `add`.
  WAWebMsgCollection: { MsgCollection: messages, MsgCollectionImpl },
  // chat.getMessages. There are no calls, and no events with an invitation.
  WAWebDBMessageFindLocal: {
    msgFindByDirection: findAround,
    msgFindBefore: (ask: FindAround) => findAround({ ...ask, direction: 'before' }),
    msgFindAfter: (ask: FindAround) => findAround({ ...ask, direction: 'after' }),
    msgFindMedia: findMedia,
    msgFindStarred: findStarred,
    msgFindSearch: findText,
    msgFindCallLog: async () => [],
    msgFindEvents: none,
  },
  // chat.getMessageById falls back to a search on the phone. Here all history is in the stores already.
  // One parameter: wa-js looks at the function's length to choose how to call it.
  WAWebChatMessageSearch: {
    getSearchContext: (_ask: { chat: unknown; msgKey: unknown }) => ({
      collection: { loadAroundPromise: Promise.resolve(), get: () => undefined },
    }),
  },
  WAWebMsgReply: { canReplyMsg: (msg: Msg) => !msg.isNotification && msg.type !== 'revoked' },
  // chat.new_message resolves the message that a reply quotes.
  WAWebQuotedMsgModelUtils: { getQuotedMsgObj: quotedMessage },
  // chat.sendRawMessage asks for the chat's disappearing-messages fields. There are none.
  WAWebGetEphemeralFieldsMsgActionsUtils: { getEphemeralFields: () => ({}) },
  // chat.sendTextMessage and everything else that sends.
  WAWebSendMsgChatAction: { addAndSendMsgToChat },
  WAWebHandleMsgSimpleReceipt: chatReceipts,
  WAWebHandleGroupSimpleReceipt: groupReceipts,
  WAWebHandleStatusSimpleReceipt: statusReceipts,
  WAWebHandleSingleMsg: singleMessage,
  // chat/patch wraps it: which messages count as unread.
  WAWebGetIsUnreadType: { getIsUnreadType: (msg: Msg) => !msg.isNotification },
  // chat.markPlayed
  WAWebMarkPlayed: { markPlayed, canMarkPlayed },
  // chat.getMessageACK. An instance only: wa-js would take an exported class for the store itself.
  WAWebMsgInfoCollection: { MsgInfoCollection: msgInfos },
};

/** What whatsapp-web.js asks for by name. */
export const namedMessageModules: ModuleTable = {
  // message.getInfo
  WAWebApiMessageInfoStore: { queryMsgInfo },
  // chat.fetchMessages
  WAWebChatLoadMessages: { loadEarlierMsgs: ({ chat }: { chat: SendTarget }) => loadEarlier(chat) },
};
