#include "CEditLine.h"

#include <stddef.h>

static ceditline_generator current_generator;

static char **complete(const char *text, int start, int end) {
    (void)start, (void)end;
    rl_attempted_completion_over = 1; // no file names
    rl_completion_append_character = 0;
    return rl_completion_matches(text, current_generator);
}

void ceditline_set_completion(ceditline_generator generator) {
    static char breaks[] = " \t\n\"\\'`@$><=;|&{}()[]+-*/%^~,#!";
    current_generator = generator;
    rl_completer_word_break_characters = breaks;
    rl_attempted_completion_function = complete;
}
