import { CircleCheck, CloudOff, RefreshCw } from 'lucide-react';
import { useLiveStatus } from '../realtime/status';

function sayCaughtUp(count: number): string {
  return count === 0 ? 'Caught up, nothing new' : `Caught up, ${count} new`;
}

/** Whether what is on screen is live. Silent while it is. */
export function ConnectionBar() {
  const { phase, caughtUp } = useLiveStatus();
  return (
    <div role="status">
      {phase === 'reconnecting' && (
        <p className={`${barClass} bg-warn-soft text-warn`}>
          <RefreshCw size={14} aria-hidden className="animate-spin" />
          Reconnecting… What you send goes out afterwards.
        </p>
      )}
      {phase === 'offline' && (
        <p className={`${barClass} bg-warn-soft text-warn`}>
          <CloudOff size={14} aria-hidden />
          Offline. What you send is kept and goes out when you are back.
        </p>
      )}
      {phase === 'refused' && (
        <p className={`${barClass} bg-bad-soft text-bad`}>
          <CloudOff size={14} aria-hidden />
          The server refuses live updates of this project. Reload the page to see what is new.
        </p>
      )}
      {phase === 'live' && caughtUp !== null && (
        <p className={`${barClass} bg-ok-soft text-ok`}>
          <CircleCheck size={14} aria-hidden />
          {sayCaughtUp(caughtUp)}
        </p>
      )}
    </div>
  );
}

const barClass =
  'flex min-h-8 animate-fade items-center justify-center gap-2 px-4 py-1.5 text-center text-12 font-[550]';
