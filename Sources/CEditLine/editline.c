#define _GNU_SOURCE
#include "CEditLine.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>
#include <wchar.h>

// MARK: Lines

enum { CTRL_C = 3 };

/// A byte in the pipe is a request to drop the line.
static int interruption[2];

/// The next byte of the input; -1 at its end, and for an interruption.
static int read_byte(FILE *stream) {
    struct pollfd sources[] = {{fileno(stream), POLLIN, 0}, {interruption[0], POLLIN, 0}};
    while (poll(sources, 2, -1) < 0) {
    }
    if (sources[1].revents) return -1;
    unsigned char byte;
    if (read(sources[0].fd, &byte, 1) != 1) return -1;
    if (byte != CTRL_C) return byte;
    // Typed while the terminal was about to change, it is no signal.
    ceditline_interrupt();
    return -1;
}

/// What the library reads by: a character, of several bytes if need be. What is none is left out.
static int read_character(FILE *stream) {
    mbstate_t state = {0};
    for (;;) {
        int byte = read_byte(stream);
        if (byte < 0) return -1;
        wchar_t character;
        size_t length = mbrtowc(&character, &(char){(char)byte}, 1, &state);
        if (length <= 1) return (int)character;
        if (length == (size_t)-1) state = (mbstate_t){0};
    }
}

bool ceditline_open(void) {
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1) setlocale(LC_CTYPE, "C.UTF-8");
    if (pipe2(interruption, O_NONBLOCK | O_CLOEXEC) != 0) return false;
    rl_getc_function = read_character;
    rl_initialize();
    return true;
}

/// Takes back all requests so far; true if there were any.
static bool take_interruptions(void) {
    char byte;
    bool any = false;
    while (read(interruption[0], &byte, 1) == 1) any = true;
    return any;
}

char *ceditline_read(const char *prompt, bool *interrupted) {
    take_interruptions();
    char *line = readline(prompt);
    *interrupted = !line && take_interruptions();
    return line;
}

void ceditline_interrupt(void) {
    // A full pipe is a request already.
    (void)!write(interruption[1], "", 1);
}

// MARK: Completion

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
