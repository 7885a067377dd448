import { MessagesSquare } from 'lucide-react';
import { Kbd } from '../ui/kbd';
import { Notice } from '../ui/notice';

/** The sheet while no conversation is open. */
export function NothingOpen() {
  return (
    <main className="my-2 mr-2 flex min-w-0 flex-1 rounded-sheet border border-line bg-sheet shadow-1 narrow:hidden">
      <Notice icon={MessagesSquare} title="No conversation is open">
        Choose one from the list, or press <Kbd>J</Kbd> for the first.
      </Notice>
    </main>
  );
}
