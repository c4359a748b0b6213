import { KeyError } from './problems';

/** `'{actor} made {requestParameters.userName} …'`: text and names in braces, in turns. */
export interface Template {
  texts: string[];
  names: string[];
}

const NAME = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/** @throws KeyError if a brace is not closed or holds no name */
export function parseTemplate(source: string): Template {
  const template: Template = { texts: [''], names: [] };
  for (const [i, piece] of source.split(/[{}]/).entries()) {
    if (i % 2 === 0) template.texts[template.names.length] = piece;
    else if (NAME.test(piece)) template.names.push(piece);
    else throw new KeyError(`{${piece}} is not the name of a field`);
  }
  const braces = source.replace(/[^{}]/g, '');
  if (!/^(\{\})*$/.test(braces)) throw new KeyError('braces do not match');
  return template;
}

export function renderTemplate(template: Template, value: (name: string) => string): string {
  return template.texts
    .map((text, i) => (i < template.names.length ? text + value(template.names[i]!) : text))
    .join('');
}
