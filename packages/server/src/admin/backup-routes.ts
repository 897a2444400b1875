import { Readable } from "node:stream";
import { ADMIN_API_PREFIX, BACKUP_MEDIA_TYPE, backupSummarySchema } from "@evergrant/contract";
import { EvergrantError } from "@evergrant/core";
import type { Backups, Keeper } from "@evergrant/keeper";
import type { FastifyInstance } from "fastify";
import { serve } from "../http/serve.ts";
import { asOperator, type OperatorAsk } from "./as-operator.ts";
import { requestNote } from "./request-note.ts";

/**
 * Backups, which are longer than any JSON body may be: streamed out as they are read, and streamed in to be read back. Whoever has one
 * has everything that the keys open, so it takes an admin to ask for it.
 */
export function backupRoutes(app: FastifyInstance, keeper: Keeper): void {
  app.addContentTypeParser(BACKUP_MEDIA_TYPE, (_request, payload, done) => done(null, payload));
  serve(app, {
    url: `${ADMIN_API_PREFIX}/backup`,
    handlers: {
      POST: async (request, reply) => {
        const { sent } = await asOperator(askFor("writeBackup", { keeper, request }), async () => ({
          ...{ status: 200, sent: backupsOf(keeper).write() },
        }));
        return reply.type(BACKUP_MEDIA_TYPE).send(Readable.from(sent));
      },
    },
  });
  serve(app, {
    url: `${ADMIN_API_PREFIX}/backup/verification`,
    handlers: {
      POST: async (request, reply) => {
        const { sent } = await asOperator(askFor("verifyBackup", { keeper, request }), async () => {
          if (!(request.body instanceof Readable)) throw new EvergrantError("media_type_unsupported");
          return { status: 200, sent: await backupsOf(keeper).verify(request.body) };
        });
        return reply.send(backupSummarySchema.parse(sent));
      },
    },
  });
}

function askFor(operation: string, at: Pick<OperatorAsk, "keeper" | "request">): OperatorAsk {
  return { ...at, operation, role: "admin", note: requestNote(operation, "POST") };
}

function backupsOf({ backups }: Keeper): Backups {
  if (backups === null) throw new EvergrantError("kind_mismatch");
  return backups;
}
