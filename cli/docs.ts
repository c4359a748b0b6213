import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ChatNotification } from '../findings/chat';
import type { Ruleset } from '../engine/ruleset';
import { detectorsOf, highVolumeDetectors, loadDetectors } from './detectors';
import { readActs } from './docs/acts';
import { actsPage } from './docs/acts-page';
import { detectorsPage } from './docs/detectors-page';
import { configurationPage } from './docs-configuration';
import { outputOf, withExamples } from './docs/examples';
import { languagePage } from './docs/language-page';
import { packageRoot } from './package-root';
import { pictureOf } from './picture';

/** The pages that follow from the code, the detectors and the samples: name and content. */
export function generatedPages(ruleset: Ruleset): Record<string, string> {
  const acts = readActs();
  const shipped = detectorsOf(ruleset);
  const extra = detectorsOf(loadDetectors([highVolumeDetectors], {}));
  return {
    'docs/detectors.md': detectorsPage(acts, shipped, extra),
    'docs/acts.md': actsPage(acts, [...shipped, ...extra]),
    'docs/detector-language.md': languagePage(),
    'docs/configuration.md': configurationPage(),
    'docs/on-call-message.svg': pictureOf(chatExample()),
    'README.md': withExamples(readFileSync(join(packageRoot, 'README.md'), 'utf8')),
  };
}

/** What the README shows of a story, as chat gets it. */
function chatExample(): ChatNotification {
  const story = 'samples/leaked-key-to-admin --config samples/privwatch.yml';
  const detector = 'detectors/cloudtrail/aws_cloudtrail_logging_stopped.yml';
  return JSON.parse(outputOf(`privwatch replay ${story} -d ${detector} --format chat`)) as ChatNotification;
}

/** Writes the pages, or with `--check` fails if one of them is stale. */
function main(isCheck: boolean): void {
  for (const [name, content] of Object.entries(generatedPages(loadDetectors(undefined, {})))) {
    const file = join(packageRoot, name);
    if (!isCheck) writeFileSync(file, content);
    else if (readFileSync(file, 'utf8') !== content) {
      process.stderr.write(`${name} is stale: npm run docs\n`);
      process.exitCode = 1;
    }
  }
}

if (require.main === module) main(process.argv.includes('--check'));
