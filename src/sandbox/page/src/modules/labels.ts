/** Labels belong to business accounts. Those of the sandbox are none, so there are no labels. */

import { Collection } from '../base/collection';
import { Model } from '../base/model';
import type { ModuleTable } from '../registry';
import { notSimulated } from '../registry';

class Label extends Model {}
Object.assign(Label.prototype, { proxyName: 'label' });

class Labels extends Collection<Label> {
  static override model = Label;

  addOrRemoveLabels = notSimulated('addOrRemoveLabels');
  getNextAvailableColor = notSimulated('getNextAvailableColor');
}

/** A few colours, for those who ask. Nothing has them. */
const COLORS = ['#ff9485', '#64c4ff', '#ffd429', '#dfaef0', '#99b6c1'];

export const labelModules: ModuleTable = {
  WAWebLabelModel: { Label },
  WAWebLabelCollection: { LabelCollection: new Labels() },
  // chat.update_label wraps two of these.
  WAWebLabelActions: {
    addToLabelCollection: notSimulated('addToLabelCollection'),
    removeLabelFromCollection: notSimulated('removeLabelFromCollection'),
  },
  WAWebLabelColors: {
    colorIndexToHex: (index: number) => COLORS[index],
    getAllLabelColors: () => [...COLORS],
  },
};
