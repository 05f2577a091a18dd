import type { ModuleTable } from '../../registry';
import { notSimulated } from '../../registry';
import { findAround, type FindAround } from './find';
import { Msg } from './model';
import { chatReceipts, groupReceipts, singleMessage, statusReceipts } from './receipts';
import { addAndSendMsgToChat } from './send';
import { MsgCollectionImpl, messages } from './store';

/** Messages: the store, sending, and the receipts of what was sent. */
export const messageModules: ModuleTable = {
  WAWebMsgModel: { Msg },
  // chat.getMessageById looks here first; chat.new_message is this store's `add`.
  WAWebMsgCollection: { MsgCollection: messages, MsgCollectionImpl },
  // chat.getMessages
  WAWebDBMessageFindLocal: {
    msgFindByDirection: findAround,
    msgFindBefore: (ask: FindAround) => findAround({ ...ask, direction: 'before' }),
    msgFindAfter: (ask: FindAround) => findAround({ ...ask, direction: 'after' }),
  },
  // chat.getMessageById falls back to a search on the phone. Here all history is in the stores already.
  // One parameter: wa-js looks at the function's length to choose how to call it.
  WAWebChatMessageSearch: {
    getSearchContext: (_ask: { chat: unknown; msgKey: unknown }) => ({
      collection: { loadAroundPromise: Promise.resolve(), get: () => undefined },
    }),
  },
  WAWebMsgReply: { canReplyMsg: () => true },
  // chat.new_message resolves the message that a reply quotes.
  WAWebQuotedMsgModelUtils: {
    getQuotedMsgObj: (msg: Msg) =>
      messages.findFirst((other) => other.id.id === msg.get('quotedStanzaID')),
  },
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
  // chat.sendTextMessage previews links with these, if findFirstWebLink found any.
  WAWebLinkPreviewChatAction: { getLinkPreview: async () => null },
  WAWebGenMinimalLinkPreview: { genMinimalLinkPreview: async () => null },
  // Events of later message types (chat.new_reaction, chat.poll_response) wrap these at start.
  WAWebReactionsMsgAction: {
    addOrUpdateReactionsModelCollection: notSimulated('addOrUpdateReactionsModelCollection'),
  },
  WAWebPollsVotesDb: { upsertVotesDb: notSimulated('upsertVotesDb') },
};
