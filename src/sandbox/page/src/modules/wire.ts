/**
 * The layer below sending: protobuf, encryption, stanzas. The sandbox has no such layer, its
 * messages travel as JSON. wa-js wraps each of these functions at start, so they must exist.
 */

import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';

export const wireModules: ModuleTable = {
  WAWebBackendJobsCommon: {
    mediaTypeFromProtobuf: notSimulated('mediaTypeFromProtobuf'),
    encodeMaybeMediaType: notSimulated('encodeMaybeMediaType'),
  },
  WAWebE2EProtoUtils: { typeAttributeFromProtobuf: notSimulated('typeAttributeFromProtobuf') },
  WAWebE2EProtoGenerator: { createMsgProtobuf: notSimulated('createMsgProtobuf') },
  WAWebEncryptAndSendMsg: { encryptAndSendMsg: notSimulated('encryptAndSendMsg') },
  WAWebSendFanout: { createFanoutMsgStanza: notSimulated('createFanoutMsgStanza') },
};
