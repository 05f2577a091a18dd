/** News of people, groups, and settings of chats. */

import { createWid } from '../ids/wid';
import { presences } from '../modules/presence';
import type { NewsTable } from './news';

export const peopleNews: NewsTable = {
  presence: (push) => presences.report(createWid(push.id), push.online, push.state),
};
