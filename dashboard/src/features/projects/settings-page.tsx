import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { explain, Refusal } from '../../api/refusal';
import type { Project } from '../../api/wire';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Failure } from '../../ui/notice';
import { Skeleton } from '../../ui/skeleton';
import { toast } from '../../ui/toast';
import { DomainsEditor } from './domains-editor';
import { DemoLink } from './install-page';
import { MembersSection } from './members-section';
import { projectQuery, useUpdateProject } from './projects';
import { Snippet } from './snippet';

/** What can be set about a project. */
export function SettingsPage({ projectId }: { projectId: string }) {
  const query = useQuery(projectQuery(projectId));
  const project = query.data;
  return (
    <main className="my-2 mr-2 flex min-h-0 min-w-0 flex-1 flex-col overflow-y-auto rounded-sheet border border-line bg-sheet shadow-1 phone:m-0 phone:rounded-none phone:border-0">
      <div className="mx-auto w-full max-w-[680px] px-6 py-10 phone:px-4 phone:py-6">
        <h1 className="font-semibold text-20 tracking-[-0.018em] phone:font-bold phone:text-[26px] phone:leading-8 phone:tracking-[-0.026em]">
          Settings
        </h1>
        {query.isPending && <Skeleton className="mt-8 h-64" />}
        {query.isError && !project && (
          <Failure
            title="Settings could not be loaded"
            reason={explain(query.error)}
            onRetry={() => void query.refetch()}
          />
        )}
        {project && <Sections key={project.id} project={project} />}
      </div>
    </main>
  );
}

function Sections({ project }: { project: Project }) {
  const isManager = project.role === 'manager';
  return (
    <>
      {!isManager && (
        <p className="mt-2 text-fg-2">You are an agent here. Managers can change these.</p>
      )}
      <Section title="Project" lead="The name visitors see, and your team.">
        {isManager ? <NameForm project={project} /> : <p className="text-14">{project.name}</p>}
      </Section>
      <Section title="Install" lead="Paste this before </body> on every page of your site.">
        <Snippet projectId={project.id} />
        <div className="mt-3">
          <DemoLink projectId={project.id} />
        </div>
      </Section>
      <Section title="Domains" lead="The sites that may show the chat.">
        {isManager ? <DomainsEditor project={project} /> : <DomainList domains={project.domains} />}
      </Section>
      <Section title="Members" lead="Who sees the inbox and answers.">
        <MembersSection project={project} />
      </Section>
    </>
  );
}

function DomainList({ domains }: { domains: string[] }) {
  if (domains.length === 0) return <p className="text-fg-2">None yet.</p>;
  return (
    <ul className="grid gap-1">
      {domains.map((domain) => (
        <li key={domain}>{domain}</li>
      ))}
    </ul>
  );
}

interface SectionProps {
  title: string;
  lead: string;
  children: ReactNode;
}

function Section({ title, lead, children }: SectionProps) {
  return (
    <section aria-label={title} className="mt-8 border-line border-t pt-7">
      <h2 className="font-semibold text-16 tracking-[-0.011em]">{title}</h2>
      <p className="mb-4 text-fg-2">{lead}</p>
      {children}
    </section>
  );
}

function NameForm({ project }: { project: Project }) {
  const update = useUpdateProject(project.id);
  const [name, setName] = useState(project.name);
  const isChanged = name.trim() !== '' && name.trim() !== project.name;
  const field = update.error instanceof Refusal ? update.error.fields.name : undefined;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isChanged) return;
    await update.mutateAsync({ name: name.trim() }).then(
      () => toast('Name saved.'),
      () => {}, // shown below
    );
  };

  return (
    <form onSubmit={submit} noValidate className="grid gap-3">
      <div className="flex items-end gap-2">
        <TextField
          label="Name"
          value={name}
          maxLength={100}
          onChange={(value) => {
            setName(value);
            update.reset();
          }}
          errorMessage={field}
        />
        <Button type="submit" size="field" isPending={update.isPending} isDisabled={!isChanged}>
          Save
        </Button>
      </div>
      {update.isError && !field && <Alert>{explain(update.error)}</Alert>}
    </form>
  );
}
