import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight, ExternalLink } from 'lucide-react';
import type { ReactNode } from 'react';
import { explain } from '../../api/refusal';
import { buttonClass } from '../../ui/button';
import { Failure } from '../../ui/notice';
import { PlainPage } from '../../ui/plain-page';
import { Skeleton } from '../../ui/skeleton';
import { DomainsEditor } from './domains-editor';
import { projectQuery } from './projects';
import { Snippet } from './snippet';

/** The last step: put the chat on a site, or try it without one. */
export function InstallPage({ projectId }: { projectId: string }) {
  const query = useQuery(projectQuery(projectId));
  const project = query.data;
  return (
    <PlainPage
      title={project ? `Put ${project.name} on your site` : 'Put the chat on your site'}
      lead="Three things, and visitors can write to you."
      step={{ at: 3, of: 3 }}
      isWide
      footer={
        <Link
          to="/p/$projectId"
          params={{ projectId }}
          className={buttonClass({ look: 'primary', size: 'large' })}
        >
          Go to the inbox
          <ArrowRight size={16} aria-hidden />
        </Link>
      }
    >
      {query.isError && !project && (
        <Failure
          title="The project could not be loaded"
          reason={explain(query.error)}
          onRetry={() => void query.refetch()}
        />
      )}
      {query.isPending && <Skeleton className="h-72" />}
      {project && (
        <ol className="grid gap-7">
          <Step number={1} title="Paste this before </body> on every page">
            <Snippet projectId={projectId} />
          </Step>
          <Step number={2} title="Say which domains may show it">
            {project.role === 'manager' ? (
              <DomainsEditor project={project} />
            ) : (
              <p className="text-fg-2">A manager of this project sets the domains.</p>
            )}
          </Step>
          <Step number={3} title="Try it">
            <p className="mb-3 text-fg-2">
              The demo page is a small site with your chat on it. Write something there and answer
              it in the inbox.
            </p>
            <DemoLink projectId={projectId} />
          </Step>
        </ol>
      )}
    </PlainPage>
  );
}

/** To a page on which the chat can be tried. */
export function DemoLink({ projectId }: { projectId: string }) {
  return (
    <a
      href={`/demo?project=${encodeURIComponent(projectId)}`}
      target="_blank"
      rel="noopener"
      className={buttonClass({ look: 'outline' })}
    >
      Open the demo page
      <ExternalLink size={14} aria-hidden className="text-fg-3" />
    </a>
  );
}

function Step({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <li className="grid grid-cols-[24px_minmax(0,1fr)] gap-x-3">
      <span
        aria-hidden="true"
        className="grid size-6 place-items-center rounded-full bg-accent-soft font-semibold text-12 text-accent-fg"
      >
        {number}
      </span>
      <div>
        <h2 className="mb-2.5 font-semibold text-14 leading-6">{title}</h2>
        {children}
      </div>
    </li>
  );
}
