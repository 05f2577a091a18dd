/** All that wppconnect offers, and what of it the table leaves out. */

import { Whatsapp } from '@wppconnect-team/wppconnect';
import type { LeftOut } from '../rows';
import { methodsOf } from '../surface';

export const SURFACE: string[] = [...methodsOf(Whatsapp), 'create', 'catchQR', 'statusFind'];

export const LEFT_OUT: readonly LeftOut[] = [
  {
    reason: 'Newsletters, communities and calls are no part of the sandbox',
    calls: [
      'createNewsletter', 'destroyNewsletter', 'editNewsletter', 'muteNesletter', 'createCommunity',
      'deactivateCommunity', 'addSubgroupsCommunity', 'removeSubgroupsCommunity', 'demoteCommunityParticipant',
      'promoteCommunityParticipant', 'getCommunityParticipants', 'rejectCall', 'onIncomingCall',
    ],
  },
  {
    reason: 'Catalogs, orders, payments, labels and business profiles belong to business accounts, which the sandbox does not have',
    calls: [
      'getBusinessProfilesProducts', 'getBusinessProfile', 'getOrderbyMsg', 'editBusinessProfile', 'sendImageWithProduct',
      'createProduct', 'getProducts', 'getProductById', 'editProduct', 'delProducts', 'changeProductImage',
      'addProductImage', 'removeProductImage', 'getCollections', 'createCollection', 'editCollection', 'deleteCollection',
      'setProductVisibility', 'updateCartEnabled', 'getOrder', 'sendOrderMessage', 'sendPixKey', 'onOrderStatusUpdate',
      'addNewLabel', 'addOrRemoveLabels', 'getAllLabels', 'getLabelById', 'deleteAllLabels', 'deleteLabel', 'onUpdateLabel',
    ],
  },
  {
    reason: 'Lists of chats and disappearing messages are not among what the sandbox keeps',
    calls: [
      'createList', 'getAllLists', 'addChatsToList', 'removeChatsFromList', 'renameList', 'deleteList',
      'setTemporaryMessages',
    ],
  },
  { reason: 'Messages of these kinds do not exist on the sandbox', calls: ['sendListMessage', 'onLiveLocation'] },
  {
    reason: 'Whoever has the link or is added is in a group: there are no requests',
    calls: ['approveGroupMembershipRequest', 'rejectGroupMembershipRequest', 'getGroupMembershipRequests'],
  },
  {
    reason: 'They fetch files outside of the browser, where nothing leads to the sandbox instead of WhatsApp',
    calls: ['decryptFile', 'decryptAndSaveFile'],
  },
  { reason: 'They convert with an ffmpeg of the machine before they send', calls: ['sendGif', 'sendGifFromBase64'] },
  {
    reason: 'The network has no part in it: the client does it alone, reads the browser\'s own database, does it no longer, or create has done it',
    calls: [
      'afterPageScriptInjected', 'downloadFile', 'getMessagesFromRowId', 'setLimit', 'registerEvent', 'log', 'initialize', 'afterPageLoad', 'start',
      'checkStart', 'checkQrCode', 'loginByCode', 'onLinkCode', 'refreshLinkCode', 'checkInChat', 'tryAutoClose',
      'startAutoClose', 'cancelAutoClose', 'getQrCode', 'waitForQrCodeScan', 'waitForInChat', 'waitForPageLoad',
      'waitForLogin', 'getBatteryLevel', 'startPhoneWatchdog', 'stopPhoneWatchdog', 'joinWebBeta',
    ],
  },
];
