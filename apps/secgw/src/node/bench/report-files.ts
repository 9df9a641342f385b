import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plotsOf } from '../../bench/plots.ts';
import { type Report, reportJson, reportText } from '../../bench/report.ts';

/** Writes `report.md`, `report.json` and the plots into a folder, which is made if it is not there. */
export function writeReport(folder: string, report: Report): void {
  mkdirSync(folder, { recursive: true });
  const plots = plotsOf(report);
  for (const { file, svg } of plots) writeFileSync(join(folder, file), svg);
  writeFileSync(join(folder, 'report.md'), reportText(report, plots));
  writeFileSync(join(folder, 'report.json'), reportJson(report));
}
