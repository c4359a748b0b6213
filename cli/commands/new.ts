import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../errors';
import { packageRoot } from '../package-root';

export function registerNew(program: Command): void {
  const command = program.command('new').summary('start something new from a template');
  command
    .command('detector')
    .summary('write the file of a new detector, with tests to fill in')
    .description('Writes FOLDER/<service>/<name>.yml: a rule that loads, and tests that pass, to be filled in.')
    .argument('<name>', 'aws_<service>_<what>, e.g. aws_kms_key_deletion_scheduled')
    .option('-o, --folder <folder>', 'where detectors are kept', 'detectors')
    .action((name: string, { folder }: { folder: string }) => {
      const service = /^aws_([a-z0-9]+)_[a-z0-9_]+$/.exec(name)?.[1];
      if (!service) throw new UsageError(`${name}: a detector is called aws_<service>_<what>, in lower case`);
      const file = join(folder, service, `${name}.yml`);
      if (existsSync(file)) throw new UsageError(`${file} exists already`);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(
        file,
        scaffold(service, relative(dirname(file), join(packageRoot, 'schemas/detector.schema.json'))),
      );
      process.stdout.write(`${file}\n`);
      process.stderr.write(`Fill it in, then: privwatch lint ${file} && privwatch test ${file}\n`);
    });
}

/** The text of a new detector: sound as it stands, so that a first change shows what it did. */
export function scaffold(service: string, schema: string): string {
  return `# yaml-language-server: $schema=${schema}
title: What happened, in a few words
id: ${randomUUID()}
status: experimental
description: >
  What this sees, and why it matters. Then: what it misses.
references:
  - https://docs.aws.amazon.com/
author: your name
date: ${new Date().toISOString().slice(0, 10)}
tags: [attack.persistence, attack.t1098]
logsource: {product: aws, service: cloudtrail}
detection:
  call:
    eventSource: ${service}.amazonaws.com
    eventName: NameOfTheCall
  failed:
    errorCode|exists: true
  condition: call and not failed
falsepositives:
  - Who does this rightly, and how to tell.
level: medium
privwatch:
  title: '{actor} did it to {requestParameters.name}'
  entities:
    resources:
      - {type: Other, name: $.requestParameters.name}
  runbook:
    - What to ask {actor}, and what to undo.
  tests:
    - name: fires on the call
      event: {base: call, eventSource: ${service}.amazonaws.com, eventName: NameOfTheCall, requestParameters: {name: example}}
      match: true
    - name: does not fire on a call that is nearly the same
      event: {base: call, eventSource: ${service}.amazonaws.com, eventName: NameOfAnotherCall, requestParameters: {name: example}}
      match: false
    - name: does not fire when the call was denied
      event: {base: call, eventSource: ${service}.amazonaws.com, eventName: NameOfTheCall, errorCode: AccessDenied}
      match: false
`;
}
