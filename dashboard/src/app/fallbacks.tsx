import { type ErrorComponentProps, Link, useRouter } from '@tanstack/react-router';
import { explain, Refusal } from '../api/refusal';
import { Logo } from '../ui/logo';

const linkClass =
  'mt-4 inline-flex h-8 items-center rounded-control bg-fg px-3 font-[550] text-sheet hover:bg-fg/85';

/** While it is not known yet who is here. */
export function Starting() {
  return (
    <div role="status" aria-label="Loading" className="grid h-full place-items-center">
      <span className="animate-shimmer">
        <Logo />
      </span>
    </div>
  );
}

/** A page that broke, or a server that did not answer at the start. */
export function Crashed({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const isNetwork = error instanceof TypeError && /fetch|network|load failed/iu.test(error.message);
  const isServer = error instanceof Refusal;
  const again = () => {
    reset();
    void router.invalidate();
  };
  return (
    <main className="grid h-full place-items-center p-6 text-center">
      <div role="alert" className="max-w-80">
        <h1 className="font-semibold text-16">
          {isNetwork || isServer ? 'Parlour cannot be reached' : 'Something broke on this page'}
        </h1>
        <p className="mt-1 text-pretty text-fg-2">
          {isNetwork || isServer
            ? explain(error)
            : 'Nothing you wrote is lost. Trying again usually helps.'}
        </p>
        <button type="button" onClick={again} className={linkClass}>
          Try again
        </button>
      </div>
    </main>
  );
}

export function NotFound() {
  return (
    <main className="grid h-full place-items-center p-6 text-center">
      <div>
        <h1 className="font-semibold text-16">There is nothing here</h1>
        <p className="mt-1 text-fg-2">The address may be mistyped, or the page is gone.</p>
        <Link to="/" className={linkClass}>
          Go to the inbox
        </Link>
      </div>
    </main>
  );
}
