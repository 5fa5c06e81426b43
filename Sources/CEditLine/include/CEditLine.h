// Line editing with history and completion: libedit's readline.
#ifndef CEDITLINE_H
#define CEDITLINE_H

#include <editline/readline.h>

/// Gives the completion number `state` of `text` as memory that the library frees, or NULL after the last.
typedef char *(*ceditline_generator)(const char *text, int state);

/// Completes words of letters, digits, underscores, dots and colons.
void ceditline_set_completion(ceditline_generator generator);

#endif
