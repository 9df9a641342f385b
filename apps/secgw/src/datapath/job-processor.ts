/** Does the crypto jobs of one lcore. */
export interface JobProcessor {
  /** Works through `count` jobs from position `jobs` on; returns how many succeeded. */
  process(jobs: number, count: number): number;
}
