import { Readable } from "node:stream";
import { ADMIN_API_PREFIX, BACKUP_MEDIA_TYPE, backupSummarySchema } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import type { Backups, Keeper } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";

/** Backups, which are longer than any JSON body may be: streamed out as they are read, and streamed in to be read back. */
export function backupRoutes(app: FastifyInstance, keeper: Keeper): void {
  app.addContentTypeParser(BACKUP_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
  serve(app, {
    url: `${ADMIN_API_PREFIX}/backup`,
    handlers: {
      POST: async (_request, reply) => reply.type(BACKUP_MEDIA_TYPE).send(Readable.from(backupsOf(keeper).write())),
    },
  });
  serve(app, {
    url: `${ADMIN_API_PREFIX}/backup/verification`,
    handlers: {
      POST: async ({ body }, reply) => {
        if (!(body instanceof Readable)) throw new EvergrantError("media_type_unsupported");
        return reply.send(backupSummarySchema.parse(await backupsOf(keeper).verify(body)));
      },
    },
  });
}

function backupsOf({ backups }: Keeper): Backups {
  if (backups === null) throw new EvergrantError("kind_mismatch");
  return backups;
}
