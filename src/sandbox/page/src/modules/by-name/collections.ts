import type { ModuleRegistry, Namespace } from '../../registry';

/** Name under the one roof → the module that holds the collection, and its name there. */
const HOMES: Record<string, [module: string, name: string]> = {
  Msg: ['WAWebMsgCollection', 'MsgCollection'],
  Chat: ['WAWebChatCollection', 'ChatCollection'],
  Contact: ['WAWebContactCollection', 'ContactCollection'],
  GroupMetadata: ['WAWebGroupMetadataCollection', 'default'],
  WAWebGroupMetadataCollection: ['WAWebGroupMetadataCollection', 'default'],
  Mute: ['WAWebMuteCollection', 'MuteCollection'],
  Label: ['WAWebLabelCollection', 'LabelCollection'],
  Presence: ['WAWebPresenceCollection', 'PresenceCollection'],
  Blocklist: ['WAWebBlocklistCollection', 'BlocklistCollection'],
  ProfilePicThumb: ['WAWebProfilePicThumbCollection', 'ProfilePicThumbCollection'],
  Reactions: ['WAWebReactionsCollection', 'ReactionsCollection'],
  Status: ['WAWebStatusCollection', 'StatusCollection'],
  WAWebNewsletterCollection: ['WAWebNewsletterCollection', 'default'],
};

/**
 * `WAWebCollections`: where whatsapp-web.js finds all of them. Comes after the modules that it gathers. A module
 * that has drifted away takes its collection along.
 */
export function gatheredCollections(registry: ModuleRegistry): Namespace {
  const present = Object.entries(HOMES).filter(([, [module]]) => module in registry.modulesMap);
  return Object.fromEntries(present.map(([name, [module, inner]]) => {
    const collection = registry.importNamespace(module)[inner];
    if (!collection) throw new Error(`${module} has no ${inner}`);
    return [name, collection];
  }));
}
