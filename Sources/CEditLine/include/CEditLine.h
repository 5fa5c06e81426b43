// Line editing with history and completion: libedit's readline.
#ifndef CEDITLINE_H
#define CEDITLINE_H

#include <editline/readline.h>
#include <stdbool.h>

/// Prepares the terminal: characters are those of the environment's locale, UTF-8 if that knows no more than ASCII.
/// False if the system gives no pipe.
bool ceditline_open(void);

/// Reads a line, as readline does; NULL at the end of the input, or once `ceditline_interrupt` was called, which
/// `interrupted` then says.
char *ceditline_read(const char *prompt, bool *interrupted);

/// Drops the line that is being typed. May be called on any thread.
void ceditline_interrupt(void);

/// Gives the completion number `state` of `text` as memory that the library frees, or NULL after the last.
typedef char *(*ceditline_generator)(const char *text, int state);

/// Completes words of letters, digits, underscores, dots and colons.
void ceditline_set_completion(ceditline_generator generator);

#endif
