/** Preferences of the person at the page. They last as long as the page. */

import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';
import { identity } from './identity';

type Preference = 'Photos' | 'Audio' | 'Videos' | 'Documents';

const autoDownload: Record<Preference, boolean> = { Photos: true, Audio: true, Videos: true, Documents: true };
let theme = 'light';
let offlineNotifications = true;

function autoDownloadOf(kind: Preference) {
  return {
    [`getAutoDownload${kind}`]: () => autoDownload[kind],
    [`setAutoDownload${kind}`]: (on: boolean) => void (autoDownload[kind] = on),
  };
}

export const preferenceModules: ModuleTable = {
  // profile.getMyProfileName; conn.getTheme, setTheme, getAutoDownloadSettings
  WAWebUserPrefsGeneral: {
    getPushname: () => identity.me?.name,
    setBrowserId: () => undefined,
    getUserPrivacySettings: () => ({}),
    ...autoDownloadOf('Photos'),
    ...autoDownloadOf('Audio'),
    ...autoDownloadOf('Videos'),
    ...autoDownloadOf('Documents'),
    getTheme: () => theme,
    setTheme: (chosen: string) => void (theme = chosen),
  },
  // privacy.*: who may see what is not part of the sandbox.
  WAWebSetPrivacyForOneCategoryAction: { setPrivacyForOneCategory: notSimulated('setPrivacyForOneCategory') },
  WAWebPrivacyDisallowedListTable: { getPrivacyDisallowedListTable: notSimulated('getPrivacyDisallowedListTable') },
  WAWebStatusPrivacySettings: {
    default: {
      getStatusList: notSimulated('getStatusList'),
      getStatusPrivacySetting: notSimulated('getStatusPrivacySetting'),
      setStatusPrivacyConfig: notSimulated('setStatusPrivacyConfig'),
    },
  },
  WAWebUserPrefsNotifications: {
    getGlobalOfflineNotifications: () => offlineNotifications,
    setGlobalOfflineNotifications: (on: boolean) => void (offlineNotifications = on),
  },
};
