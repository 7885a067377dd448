import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { explain, Refusal } from '../../api/refusal';
import type { Project, Role } from '../../api/wire';
import { Alert } from '../../ui/alert';
import { Avatar } from '../../ui/avatar';
import { Button } from '../../ui/button';
import { TextField } from '../../ui/field';
import { Failure } from '../../ui/notice';
import { Select } from '../../ui/select';
import { Skeleton } from '../../ui/skeleton';
import { toast } from '../../ui/toast';
import { membersQuery, useAddMember } from './projects';

const ROLES = [
  { value: 'agent', label: 'Agent' },
  { value: 'manager', label: 'Manager' },
] as const;

const roleName = (role: Role) => ROLES.find(({ value }) => value === role)?.label ?? role;

/** Who answers in a project, and how to add somebody. */
export function MembersSection({ project }: { project: Project }) {
  const query = useQuery(membersQuery(project.id));
  return (
    <div className="grid gap-4">
      {query.isPending && <Skeleton className="h-14 rounded-row" />}
      {query.isError && !query.data && (
        <Failure
          title="Members could not be loaded"
          reason={explain(query.error)}
          onRetry={() => void query.refetch()}
        />
      )}
      {query.data && (
        <ul className="overflow-hidden rounded-row border border-line">
          {query.data.map((member) => (
            <li
              key={member.user_id}
              className="flex items-center gap-3 px-3 py-2.5 not-last:border-line not-last:border-b"
            >
              <Avatar name={member.name} on="sheet" />
              <div className="min-w-0 flex-1">
                <p className="truncate font-medium text-14">{member.name}</p>
                <p className="truncate text-12 text-fg-2">{member.email}</p>
              </div>
              <span className="rounded-chip bg-hover px-[7px] font-medium text-[11.5px] text-fg-2 leading-5">
                {roleName(member.role)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {project.role === 'manager' && <AddMember projectId={project.id} />}
    </div>
  );
}

function faultOf(error: unknown): string {
  if (!(error instanceof Refusal)) return explain(error);
  if (error.code === 'user_not_found') {
    return 'Nobody here has this e-mail address. They need an account on this server first.';
  }
  if (error.code === 'already_member') return 'They are a member of this project already.';
  return error.fields.email ?? explain(error);
}

function AddMember({ projectId }: { projectId: string }) {
  const add = useAddMember(projectId);
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('agent');

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (email.trim() === '') return;
    await add.mutateAsync({ email: email.trim(), role }).then(
      (member) => {
        setEmail('');
        toast(`${member.name} is a member now.`);
      },
      () => {}, // shown below
    );
  };

  return (
    <form onSubmit={submit} noValidate className="grid gap-3">
      <div className="flex flex-wrap items-end gap-2">
        <TextField
          label="Add a member by e-mail"
          type="email"
          value={email}
          placeholder="maya@example.com"
          autoComplete="off"
          onChange={(value) => {
            setEmail(value);
            add.reset();
          }}
        />
        <Select label="Role" value={role} options={ROLES} onChange={setRole} />
        <Button
          type="submit"
          size="field"
          isPending={add.isPending}
          isDisabled={email.trim() === ''}
        >
          Add member
        </Button>
      </div>
      {add.isError && <Alert>{faultOf(add.error)}</Alert>}
    </form>
  );
}
