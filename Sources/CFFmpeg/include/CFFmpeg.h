#ifndef CFFMPEG_H
#define CFFMPEG_H

#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavutil/avutil.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

// FFmpeg's macros that Swift cannot see.
static const int CFFMPEG_AGAIN = AVERROR(EAGAIN);
static const int CFFMPEG_NO_MEMORY = AVERROR(ENOMEM);
static const int CFFMPEG_END_OF_STREAM = AVERROR_EOF;
static const int CFFMPEG_LOG_QUIET = AV_LOG_QUIET;

#endif
