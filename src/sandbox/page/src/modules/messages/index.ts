/** Messages of every type, as the rest of the page sees them. */

export { contentOf } from './content';
export { MEDIA_TYPES, Msg } from './model';
export { messageModules, namedMessageModules } from './modules';
export {
  chatReceipts, groupReceipts, markPlayed, singleMessage, statusReceipts, type SimpleReceipt,
} from './receipts';
export { addAndSendMsgToChat, type SendResult } from './send';
export { ChatMessages, messages, type SendTarget } from './store';
