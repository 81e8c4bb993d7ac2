{{/* The name of a process in this release. Call with a list of the root and the process. */}}
{{- define "busbar.name" -}}
{{- printf "%s-%s" (index . 0).Release.Name (index . 1) | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "busbar.selector" -}}
app.kubernetes.io/name: busbar
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "busbar.labels" -}}
{{ include "busbar.selector" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end }}

{{/* What every pod of Busbar is run as. */}}
{{- define "busbar.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: 45
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}

{{/* What every container of Busbar is told and may do. */}}
{{- define "busbar.container" -}}
image: {{ printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
envFrom:
  - secretRef: {name: {{ required "secretName: the Secret that has BUSBAR_DATABASE_URL" .Values.secretName | quote }}}
env:
  - {name: BUSBAR_KAFKA_BOOTSTRAP_SERVERS, value: {{ required "kafka.bootstrapServers: which brokers?" .Values.kafka.bootstrapServers | quote }}}
  - {name: BUSBAR_KAFKA_SECURITY_PROTOCOL, value: {{ .Values.kafka.securityProtocol | quote }}}
  - {name: BUSBAR_KAFKA_SASL_MECHANISM, value: {{ .Values.kafka.saslMechanism | quote }}}
  - {name: BUSBAR_HTTP_HOST, value: "0.0.0.0"}
{{- if .Values.allowAnonymous }}
  - {name: BUSBAR_ALLOW_ANONYMOUS, value: "true"}
  - {name: BUSBAR_ALLOWED_HOSTS, value: {{ required "allowedHosts: by which names may anonymous callers ask?" .Values.allowedHosts | quote }}}
{{- else }}
  - {name: BUSBAR_OIDC_ISSUER, value: {{ required "oidc.issuer: who issues tokens? (or allowAnonymous)" .Values.oidc.issuer | quote }}}
  - {name: BUSBAR_OIDC_CLIENT_IDS, value: {{ required "oidc.clientIds: which clients?" .Values.oidc.clientIds | quote }}}
  - {name: BUSBAR_OIDC_SCOPE, value: {{ required "oidc.scope: which scope?" .Values.oidc.scope | quote }}}
{{- end }}
{{- range $name, $value := .Values.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* Asked by loopback's name, which every process answers whoever else it answers. Call with a path. */}}
{{- define "busbar.asked" -}}
httpGet:
  path: {{ . }}
  port: http
  httpHeaders: [{name: Host, value: 127.0.0.1}]
timeoutSeconds: 5
{{- end }}
