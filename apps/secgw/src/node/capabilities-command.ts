import { capabilitiesText } from '../capabilities/capabilities-text.ts';
import { listCapabilities } from '../capabilities/list-capabilities.ts';
import { nodePlatform } from './platform.ts';

/**
 * Prints what the ports of a command line can do, as tables or as one JSON document.
 *
 * @param words the EAL's options
 * @returns the exit status: 1 when a device that was named cannot be had
 */
export function capabilitiesCommand(words: readonly string[], { json }: { readonly json: boolean }): number {
  const platform = nodePlatform();
  const list = listCapabilities(words, platform);
  if (list === undefined) return 0;
  platform.environment.write('stdout', json ? `${JSON.stringify(list, null, 2)}\n` : capabilitiesText(list.ports));
  return list.missing.length === 0 ? 0 : 1;
}
