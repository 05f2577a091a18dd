import type { ModuleTable } from '../registry';
import { MsgKey } from './msg-key';
import { Wid, createUserWid, createWid, isWidLike } from './wid';

/** Ids: wa-js turns every id that a caller passes into a Wid (`assertWid`) or a MsgKey. */
export const idModules: ModuleTable = {
  WAWebWid: { default: Wid },
  WAWebWidFactory: {
    createWid,
    createUserWid,
    createUserWidOrThrow: createUserWid,
    createWidFromWidLike: createWid,
    createDeviceWid: createWid,
    asUserWidOrThrow: createWid,
    toUserWid: createWid,
    isWidlike: isWidLike,
  },
  WAWebMsgKey: { default: MsgKey },
};
