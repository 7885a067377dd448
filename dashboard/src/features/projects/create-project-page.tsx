import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { explain, Refusal } from '../../api/refusal';
import { Alert } from '../../ui/alert';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { PlainPage } from '../../ui/plain-page';
import { domainFault, tidyDomain } from './domains';
import { projectsQuery, useCreateProject } from './projects';

/** Name a project: one site, one team, one inbox. */
export function CreateProjectPage() {
  const navigate = useNavigate();
  const { data: projects } = useQuery(projectsQuery());
  const create = useCreateProject();
  const [name, setName] = useState('');
  const [domain, setDomain] = useState('');
  const [faults, setFaults] = useState<Record<string, string>>({});
  const isFirst = projects?.length === 0;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const tidy = tidyDomain(domain);
    const wrong: Record<string, string> = {};
    if (name.trim() === '') wrong.name = 'Give the project a name.';
    const domainWrong = tidy === '' ? null : domainFault(tidy, []);
    if (domainWrong) wrong.domains = domainWrong;
    setFaults(wrong);
    if (Object.keys(wrong).length > 0) return;
    try {
      const project = await create.mutateAsync({ name: name.trim(), domains: tidy ? [tidy] : [] });
      await navigate({ to: '/p/$projectId/install', params: { projectId: project.id } });
    } catch (error) {
      if (error instanceof Refusal) setFaults(error.fields);
    }
  };

  const isUnexplained = create.isError && Object.keys(faults).length === 0;
  return (
    <PlainPage
      title={isFirst ? 'Create your first project' : 'Create a project'}
      lead="A project is one inbox: its conversations, its members and the sites it is on."
      {...(isFirst ? { step: { at: 2, of: 3 } } : {})}
      footer={
        projects && projects.length > 0 ? (
          <Link to="/" className="font-[550] text-accent-fg hover:underline">
            Back to the inbox
          </Link>
        ) : null
      }
    >
      <form onSubmit={submit} noValidate className="grid gap-4">
        <TextField
          label="Name"
          value={name}
          onChange={setName}
          autoFocus
          isRequired
          maxLength={100}
          placeholder="Acme Store"
          errorMessage={faults.name}
        />
        <TextField
          label="Domain (optional)"
          value={domain}
          onChange={setDomain}
          autoComplete="off"
          spellCheck="false"
          placeholder="example.com"
          description="Where the chat will be. You can add more later."
          errorMessage={faults.domains ?? faults['domains.0'] ?? faults['domains[0]']}
        />
        {isUnexplained && <Alert>{explain(create.error)}</Alert>}
        <Button type="submit" look="primary" size="large" isPending={create.isPending}>
          Create project
        </Button>
      </form>
    </PlainPage>
  );
}
