import type { ReactNode, RefObject } from 'react';
import {
  TextField as AriaTextField,
  FieldError,
  Input,
  Label,
  Text,
  type TextFieldProps,
} from 'react-aria-components';

export const inputClass =
  'h-9 w-full min-w-0 rounded-control border border-line-2 bg-raised px-3 text-14 shadow-1 outline-none transition-[border-color,box-shadow] focus:border-accent focus:ring-3 focus:ring-accent/16 data-invalid:border-bad data-invalid:focus:ring-bad/16 disabled:opacity-60 phone:h-11 phone:text-16';

interface Props extends Omit<TextFieldProps, 'className' | 'children'> {
  label: string;
  description?: ReactNode;
  placeholder?: string;
  errorMessage?: string | undefined;
  inputRef?: RefObject<HTMLInputElement | null>;
}

/** One line to fill in, with its label, its hint, and what is wrong with it. */
export function TextField(props: Props) {
  const { label, description, placeholder, errorMessage, inputRef, ...field } = props;
  return (
    <AriaTextField
      {...field}
      {...(errorMessage ? { isInvalid: true } : {})}
      className="flex min-w-0 flex-1 flex-col gap-1.5"
    >
      <Label className="font-[550]">{label}</Label>
      <Input
        {...(inputRef ? { ref: inputRef } : {})}
        {...(placeholder ? { placeholder } : {})}
        className={inputClass}
      />
      {description && !errorMessage && (
        <Text slot="description" className="text-12 text-fg-2">
          {description}
        </Text>
      )}
      <FieldError className="text-12 text-bad">
        {errorMessage ?? (({ validationErrors }) => validationErrors.join(' '))}
      </FieldError>
    </AriaTextField>
  );
}
