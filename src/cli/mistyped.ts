import type { Command } from 'commander';
import { nearestName } from '../domain/nearest.ts';

/** Names that a group's commands go by; `help` is commander's own. */
const namesIn = (group: Command): readonly string[] => ['help', ...group.commands.flatMap((each) => [each.name(), ...each.aliases()])];

/**
 * Refuses a command that a group does not have by its name. Commander does so only for groups that do nothing by themselves: in others it takes the name for an operand
 * too many of what they do, or tells of an option that only the command which was meant has.
 */
export function refuseMistyped(program: Command): void {
  program.hook('preSubcommand', (_, group) => {
    const [, name] = program.args;
    const known = namesIn(group);
    if (group.commands.length === 0 || group.registeredArguments.length > 0) return;
    if (name === undefined || name.startsWith('-') || known.includes(name)) return;
    const near = nearestName(name, known);
    program.error(`error: unknown command '${name}' of ${group.name()}${near === undefined ? '' : `\n(Did you mean ${near}?)`}`, {
      code: 'commander.unknownCommand',
    });
  });
}
